package cfimages

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/secret"
)

// What is wrong with a signed URL, for errors.Is on the errors of
// [URLSigner.Verify].
var (
	// ErrSignatureInvalid marks a URL that was not signed with this key, or was
	// changed afterwards.
	ErrSignatureInvalid = errors.New("cfimages: signature of the URL is invalid")
	// ErrURLExpired marks a URL whose signature is right and whose time is over.
	ErrURLExpired = errors.New("cfimages: signed URL has expired")
)

// URLSigner signs delivery URLs, so that images which require signed URLs can
// be seen until a chosen time. It works offline: Cloudflare checks the signature
// when the image is asked for. It is safe for concurrent use, and does not
// print its key.
type URLSigner struct {
	key *secret.Value
}

// NewURLSigner returns a signer for one of the account's signing keys, as the
// text that Cloudflare shows. What is not visible ASCII, such as a line break
// that was pasted along, is refused.
func NewURLSigner(key string) (*URLSigner, error) {
	if key == "" {
		return nil, paramErrorf("key", "is empty: give one of the account's signing keys")
	}
	if !visible(key) {
		return nil, paramErrorf("key", "must be visible ASCII without spaces: look for a line break or a quote that was pasted along")
	}
	return &URLSigner{key: secret.New(key)}, nil
}

// Sign returns deliveryURL with an exp parameter, the time of expiry in whole
// seconds (a fraction is dropped), and a sig parameter, the signature, added to
// its query. The zero time adds no exp: the URL then never expires. A time that
// has passed is not refused.
//
// The signature is the HMAC-SHA256, in lowercase hexadecimal, of the path and
// query as they are sent (Cloudflare's developer documentation). It does not
// cover the host. The parameters that are there stay as and where they are.
// Write them as HTML forms do, name=value with a plus for a space: it is not
// published whether Cloudflare accepts other forms. Without any query, the path
// alone is signed, as in Cloudflare's local simulator; that too is not published.
//
// deliveryURL is one of an image's variants, such as
// https://imagedelivery.net/<account hash>/<image ID>/<variant>. In it, a % of a
// custom ID is written %25 (Cloudflare's developer documentation); [Delivery.URL]
// does that. Options instead of a variant, such as w=400, are rejected: they cannot
// be used for images that require signed URLs (Cloudflare's developer
// documentation). A last segment with an equals sign is taken for options. Plain
// http to hosts other than loopback, a user name, a fragment, dot segments, and an
// exp or sig parameter are rejected too, and so is a URL of which it is not certain
// how clients send it. Every error is a [*ParamError] that does not quote the URL.
func (s *URLSigner) Sign(deliveryURL string, expires time.Time) (string, error) {
	if err := s.checkKey(); err != nil {
		return "", err
	}
	u, err := parseSignable("deliveryURL", deliveryURL)
	if err != nil {
		return "", err
	}
	if len(queryValues(u.RawQuery, "sig")) > 0 {
		return "", paramErrorf("deliveryURL", "has a sig parameter, so it is signed already: give the URL without sig and exp")
	}
	if len(queryValues(u.RawQuery, "exp")) > 0 {
		return "", paramErrorf("deliveryURL", "has an exp parameter: leave it out and give the time as expires")
	}
	if !expires.IsZero() {
		if expires.Unix() <= 0 {
			return "", paramErrorf("expires", "must be after 1970, got %s: give a time to come, or the zero time for a URL that never expires",
				expires.UTC().Format(time.RFC3339))
		}
		u.RawQuery = appendParameter(u.RawQuery, "exp", strconv.FormatInt(expires.Unix(), 10))
	}
	u.RawQuery = appendParameter(u.RawQuery, "sig", s.signature(u))
	return u.String(), nil
}

// Verify returns nil if signedURL is as Sign returns it with the same key and
// has not expired at now. It is valid up to its exp, and for ever without one.
// Otherwise the error is [ErrSignatureInvalid], [ErrURLExpired], or a
// [*ParamError] for what Sign never returns: no sig at the end of the query,
// several sig or exp, an exp that is not whole seconds, or a URL that Sign would
// refuse. Signatures are compared in constant time; no error quotes the URL.
func (s *URLSigner) Verify(signedURL string, now time.Time) error {
	if err := s.checkKey(); err != nil {
		return err
	}
	if now.IsZero() {
		return paramErrorf("now", "is the zero time, at which nothing has expired: give time.Now()")
	}
	u, err := parseSignable("signedURL", signedURL)
	if err != nil {
		return err
	}
	query, signature, ok := cutSignature(u.RawQuery)
	if !ok {
		return paramErrorf("signedURL", "does not end in a sig parameter, so it is not a signed URL: give it as Sign returned it")
	}
	if len(queryValues(query, "sig")) > 0 {
		return paramErrorf("signedURL", "has several sig parameters, only one is allowed: give it as Sign returned it")
	}
	u.RawQuery = query
	if !hmac.Equal([]byte(signature), []byte(s.signature(u))) {
		return ErrSignatureInvalid
	}
	return checkExpiry(query, now)
}

// checkKey keeps a URLSigner that NewURLSigner did not make from signing, and
// accepting, with an empty key.
func (s *URLSigner) checkKey() error {
	if s == nil || s.key.Reveal() == "" {
		return paramErrorf("key", "is missing: make the URLSigner with NewURLSigner")
	}
	return nil
}

// signature signs the path and query of u.
func (s *URLSigner) signature(u *url.URL) string {
	mac := hmac.New(sha256.New, []byte(s.key.Reveal()))
	mac.Write([]byte(u.RequestURI()))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkExpiry is for a query whose signature is right.
func checkExpiry(query string, now time.Time) error {
	values := queryValues(query, "exp")
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 {
		return paramErrorf("signedURL", "has %d exp parameters, only one is allowed: sign it with one", len(values))
	}
	seconds, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return paramErrorf("signedURL", "has the exp %.40q, only whole seconds since 1970 are allowed: sign it with such a time", values[0])
	}
	if expiry := time.Unix(int64(seconds), 0); now.After(expiry) {
		return fmt.Errorf("%w at %s", ErrURLExpired, expiry.UTC().Format(time.RFC3339))
	}
	return nil
}

// parseSignable parses rawURL and refuses what cannot be signed. Its errors do
// not quote the URL, which may hold a signature.
func parseSignable(param, rawURL string) (*url.URL, error) {
	u, err := parseImageURL(param, rawURL)
	if err != nil {
		return nil, err
	}
	path := u.EscapedPath()
	last := path[strings.LastIndexByte(path, '/')+1:]
	if strings.Contains(last, "=") || hasEscapedEquals(last) {
		return nil, paramErrorf(param, "has options instead of a variant, which cannot be used for images that require signed URLs: give the URL of a variant")
	}
	return u, nil
}

// parseImageURL parses rawURL and refuses what clients may send differently. Its
// errors do not quote the URL.
func parseImageURL(param, rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, paramErrorf(param, "is not a valid URL: give one such as "+deliveryURLForm)
	}
	if strings.Contains(rawURL, "#") {
		return nil, paramErrorf(param, "has a fragment, which is never sent: leave out the # and what follows it")
	}
	if problem := imageURLProblem(u); problem != "" {
		return nil, paramErrorf(param, "%s", problem)
	}
	u.ForceQuery = false // a lone ? at the end is no query
	return u, nil
}

const deliveryURLForm = "https://imagedelivery.net/<account hash>/<image ID>/<variant>"

// imageURLProblem says why u is no delivery URL, "" when it may be one. What
// clients send must be certain: a browser resolves dot segments and escapes
// characters that Go leaves alone, and a signature would no longer match.
func imageURLProblem(u *url.URL) string {
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "is not an absolute https URL: give one such as " + deliveryURLForm
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "is plain http, which is allowed for loopback hosts only: use https"
	case u.User != nil:
		return "has a user name or password, which delivery URLs never have: leave it out"
	case u.Path == "" || u.Path == "/":
		return "has no path, so it names no image: give one such as " + deliveryURLForm
	case hasDotSegment(u.Path):
		return `has the segment "." or ".." in its path, which browsers resolve: give the path that it leads to`
	case strings.Contains(u.RawPath, "%") && u.RawPath != u.EscapedPath():
		return "has both percent-escaped and unescaped characters in its path: escape them all"
	case !visible(u.RawQuery) || strings.ContainsAny(u.RawQuery, `"'<>`):
		return "has a character in its query that browsers escape: percent-escape it"
	}
	return ""
}

func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// queryValues returns the values of every parameter called name, escaped or not.
// Unlike url.ParseQuery it takes semicolons for what they are to browsers, a
// part of the name or value.
func queryValues(query, name string) []string {
	var values []string
	for parameter := range strings.SplitSeq(query, "&") {
		rawName, rawValue, _ := strings.Cut(parameter, "=")
		if decoded, err := url.QueryUnescape(rawName); err != nil || decoded != name {
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			value = rawValue
		}
		values = append(values, value)
	}
	return values
}

func appendParameter(query, name, value string) string {
	if query != "" {
		query += "&"
	}
	return query + name + "=" + value
}

// cutSignature cuts the sig parameter, which comes last, from what it signs.
func cutSignature(query string) (unsigned, signature string, ok bool) {
	i := strings.LastIndexByte(query, '&')
	signature, ok = strings.CutPrefix(query[i+1:], "sig=")
	if i == 0 { // "&sig=…" would read as another spelling of "sig=…"
		return "", "", false
	}
	return query[:max(i, 0)], signature, ok
}
