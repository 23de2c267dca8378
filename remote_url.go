package cfimages

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// RemoteURL returns the URL of a transformed image that is not stored in Cloudflare
// Images:
//
//	https://<zone>/cdn-cgi/image/<options>/<source>
//
// The zone is a domain with transformations enabled, such as example.com or
// images.example.com. It has the form of the host of [Delivery.OnDomain].
//
// The source is the path of the image on the zone, such as /uploads/cat.jpg, or the URL
// of the image on another host, which the zone must allow. It must be percent-escaped,
// for example with %20 for a space, and with %3F and %23 for ? and # in a file name. It
// is not escaped again (Cloudflare's developer documentation); only the scheme of a URL is
// written in lower case. It may have a query. Fragments, user names, the segments . and ..,
// and what the zone transforms itself (/cdn-cgi/image/…, as a path or a URL) are rejected.
//
// Anyone can replace the source in the URL. Restrict the allowed hosts in the settings of
// the zone.
func RemoteURL(zone, source string, t Transform) (string, error) {
	origin, zoneErr := originOf("zone", zone)
	options, optionsErr := t.Options()
	source = lowerScheme(source)
	var sourceErr error
	if problem := sourceProblem(source, origin); problem != "" {
		sourceErr = paramErrorf("source", "%s", problem)
	}
	if err := errors.Join(zoneErr, sourceErr, optionsErr); err != nil {
		return "", err
	}
	return origin.String() + remotePath + options + "/" + strings.TrimPrefix(source, "/"), nil
}

// lowerScheme returns source with the scheme of a URL in lower case. Whether Cloudflare
// reads others is not documented.
func lowerScheme(source string) string {
	scheme, rest, isURL := strings.Cut(source, "://")
	if scheme = strings.ToLower(scheme); isURL && (scheme == "https" || scheme == "http") {
		return scheme + "://" + rest
	}
	return source
}

// sourceProblem returns why source is invalid, "" if it is valid. It does not quote the
// source, whose query may contain a secret. The origin of the zone is nil if it is unknown.
func sourceProblem(source string, origin *url.URL) string {
	isPath := strings.HasPrefix(source, "/") && !strings.HasPrefix(source, "//")
	if !isPath && !strings.HasPrefix(source, "https://") && !strings.HasPrefix(source, "http://") {
		return "is neither a path nor a URL: give one such as /uploads/cat.jpg or https://example.com/cat.jpg"
	}
	if !visible(source) || strings.ContainsAny(source, escapedByBrowsers) {
		return "has a character that browsers escape, such as a space: percent-escape it"
	}
	if strings.Contains(source, "#") {
		return "has a fragment, which is never sent: leave out the # and what follows it, or write %23 if it belongs to a name"
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return "is not a valid path or URL: write a percent sign that belongs to a name as %25"
	case u.User != nil:
		return "has a user name or password, which anyone could read in the URL: leave it out"
	case !isPath && u.Hostname() == "":
		return "has no host: give a URL such as https://example.com/cat.jpg"
	case source == "/":
		return "is not the path of an image: give a path such as /uploads/cat.jpg"
	case hasDotSegment(u.Path):
		return `has the segment "." or ".." in its path, which browsers resolve: give the path that it leads to`
	case isPath && readsAsURL(u.Path):
		return "is a path that would be read as the URL of another host: to use that host, remove the slash at the start"
	case (isPath || origin != nil && strings.EqualFold(u.Hostname(), origin.Hostname())) && strings.HasPrefix(u.Path, remotePath):
		return "is already transformed, and Cloudflare does not transform twice: give the path of the original"
	}
	return ""
}

// readsAsURL reports whether path, without the slash in front of it, begins as a
// URL does. A path that was made of what a user typed must not lead to another host.
func readsAsURL(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "/http:") || strings.HasPrefix(path, "/https:")
}

// originOf returns the origin of a host that Cloudflare serves, such as
// https://example.com, or of a test server on this machine.
func originOf(param, host string) (*url.URL, error) {
	scheme, name := "https", host
	if after, ok := strings.CutPrefix(host, "http://"); ok {
		scheme, name = "http", after
	}
	u, err := url.Parse(scheme + "://" + strings.ToLower(name))
	switch {
	case host == "":
		return nil, paramErrorf(param, "is empty: give a host such as images.example.com")
	case strings.Contains(host, "@"):
		return nil, paramErrorf(param, "has a user name or password, which these URLs never have: give a host such as images.example.com")
	case err != nil || !visible(name) || u.Host != strings.ToLower(name) || !isHost(u):
		return nil, paramErrorf(param, "is %.40q, which is not a host: give one such as images.example.com, without a scheme or a path, and with xn-- for what is not ASCII", host)
	case scheme == "http" && !isLoopback(u.Hostname()):
		return nil, paramErrorf(param, "is %.40q, and plain http is allowed for loopback hosts only: give the host alone, for https", host)
	}
	return u, nil
}

// isHost reports whether the host of u is a DNS name or an IP address, and its
// port, if it has one, a number that ports have.
func isHost(u *url.URL) bool {
	if _, port, ok := strings.Cut(strings.TrimPrefix(u.Host, "["+u.Hostname()+"]"), ":"); ok {
		if n, err := strconv.Atoi(port); err != nil || n > 65535 || n < 1 && (n < 0 || !isLoopback(u.Hostname())) {
			return false
		}
	}
	name := u.Hostname()
	if net.ParseIP(name) != nil {
		return true
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, isNotHashRune) ||
			strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}
