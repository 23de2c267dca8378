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

// Errors of [URLSigner.Verify], for errors.Is.
var (
	// ErrSignatureInvalid is returned for a URL that was not signed with this key, or was
	// changed after it was signed. Sign it again.
	ErrSignatureInvalid = errors.New("cfimages: signature of the URL is invalid")
	// ErrURLExpired is returned for a URL that has a valid signature and has expired. Sign
	// it again.
	ErrURLExpired = errors.New("cfimages: signed URL has expired")
)

// URLSigner signs the delivery URLs of images that require signed URLs. It sends no
// request: Cloudflare checks the signature when the image is requested. A URLSigner is
// safe for concurrent use. Its key is left out when it is printed.
type URLSigner struct {
	key *secret.Value
}

// NewURLSigner returns a signer for one of the account's signing keys, which is in
// Cloudflare's dashboard and returned by [SigningKeys.List]. The key must be visible
// ASCII, without spaces or line breaks.
func NewURLSigner(key string) (*URLSigner, error) {
	if key == "" {
		return nil, paramErrorf("key", "is empty: give one of the account's signing keys")
	}
	if !visible(key) {
		return nil, paramErrorf("key", "must be visible ASCII without spaces: remove line breaks and quotes that were copied with it")
	}
	return &URLSigner{key: secret.New(key)}, nil
}

// Sign returns deliveryURL with a signature, so that it works until expires. The zero
// time means that the URL never expires. A past time is accepted. Fractions of a second
// are dropped.
//
// deliveryURL is a URL of an image in a variant: an element of [Image].Variants, or a
// result of [Delivery.URL]. A % in a custom ID must be escaped as %25 (Cloudflare's
// developer documentation); Delivery.URL does that. URLs with options instead of a
// variant, such as w=400, are rejected, because they cannot be used for images that
// require signed URLs (Cloudflare's developer documentation). So are URLs of remote images
// (/cdn-cgi/image/…). Also rejected are an empty last segment, user names, fragments, the
// segments . and .., existing exp or sig parameters, characters that clients may escape
// differently, and plain http (except on loopback hosts).
//
// Every error is a [*ParamError] that does not quote the URL.
//
// The signature is the parameter sig: the HMAC-SHA256, in lowercase hexadecimal, of the
// path and query, which contains the expiry as the parameter exp (Cloudflare's developer
// documentation). The host is not signed. Other parameters of the query are kept; encode
// them as url.Values.Encode does, because it is not documented whether Cloudflare accepts
// other encodings. Without expiry or other parameters, only the path is signed, as in
// Cloudflare's local simulator; this is not documented either.
func (s *URLSigner) Sign(deliveryURL string, expires time.Time) (string, error) {
	if err := s.checkKey(); err != nil {
		return "", err
	}
	u, err := parseSignable("deliveryURL", deliveryURL)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(u.Path, remotePath) {
		return "", paramErrorf("deliveryURL", "is below %s, but only images in Cloudflare Images have signed URLs: give one such as %s",
			remotePath, deliveryURLForm)
	}
	if strings.HasSuffix(u.EscapedPath(), "/") {
		return "", paramErrorf("deliveryURL", "has an empty last segment, where the variant belongs: give one such as %s", deliveryURLForm)
	}
	if len(queryValues(u.RawQuery, "sig")) > 0 {
		return "", paramErrorf("deliveryURL", "has a sig parameter, so it is signed already: give the URL without sig and exp")
	}
	if len(queryValues(u.RawQuery, "exp")) > 0 {
		return "", paramErrorf("deliveryURL", "has an exp parameter: leave it out and give the time as expires")
	}
	if !expires.IsZero() {
		if expires.Unix() <= 0 {
			return "", paramErrorf("expires", "must be after 1970, got %s: give a future time, or the zero time for a URL that never expires",
				expires.UTC().Format(time.RFC3339))
		}
		u.RawQuery = appendParameter(u.RawQuery, "exp", strconv.FormatInt(expires.Unix(), 10))
	}
	u.RawQuery = appendParameter(u.RawQuery, "sig", s.signature(u))
	return u.String(), nil
}

// Verify returns nil if signedURL was signed with the same key and has not expired at
// now. A URL without an expiry never expires.
//
// Otherwise the error is [ErrSignatureInvalid], [ErrURLExpired], or a [*ParamError] for a
// URL that is not a signed URL in the form that [URLSigner.Sign] returns. Signatures are
// compared in constant time. Errors do not quote the URL.
//
// Verify accepts the URLs of remote images and an empty last segment, which Sign rejects:
// older versions of this library and other programs signed such URLs.
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

// checkKey rejects the zero URLSigner, which would sign and accept with an empty key.
func (s *URLSigner) checkKey() error {
	if s == nil || s.key.Reveal() == "" {
		return paramErrorf("key", "is missing: create the URLSigner with NewURLSigner")
	}
	return nil
}

// signature signs the path and query of u.
func (s *URLSigner) signature(u *url.URL) string {
	mac := hmac.New(sha256.New, []byte(s.key.Reveal()))
	mac.Write([]byte(u.RequestURI()))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkExpiry checks the expiry in a query whose signature is valid.
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

// parseSignable parses rawURL and rejects URLs that cannot be signed. Its errors do not
// quote the URL, which may contain a signature.
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

// parseImageURL parses rawURL and rejects what clients may send differently. Its errors
// do not quote the URL.
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
	u.ForceQuery = false // a ? at the end without a query
	return u, nil
}

const deliveryURLForm = "https://imagedelivery.net/<account hash>/<image ID>/<variant>"

// imageURLProblem returns why u is not a delivery URL, "" if it may be one. All clients
// must send the same bytes: browsers resolve dot segments and escape characters that Go
// does not, and the signature would no longer match.
func imageURLProblem(u *url.URL) string {
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return "is not an absolute https URL: give one such as " + deliveryURLForm
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "is plain http, which is allowed for loopback hosts only: use https"
	case u.User != nil:
		return "has a user name or password, which delivery URLs never have: leave it out"
	case u.Path == "" || u.Path == "/":
		return "has no path with an image: give one such as " + deliveryURLForm
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

// queryValues returns the values of all parameters with the name, escaped or not. Unlike
// url.ParseQuery, it treats a semicolon as part of the name or value, as browsers do.
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

// cutSignature splits a query into the signed part and the sig parameter at its end.
func cutSignature(query string) (unsigned, signature string, ok bool) {
	i := strings.LastIndexByte(query, '&')
	signature, ok = strings.CutPrefix(query[i+1:], "sig=")
	if i == 0 { // "&sig=…" would be a second form of "sig=…"
		return "", "", false
	}
	return query[:max(i, 0)], signature, ok
}
