package imagestest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deliver handles delivery URLs. It returns the uploaded bytes for every variant and all
// options. The Cf-Resized header of errors is documented; when it is sent and with which
// status are guesses.
func (s *Server) deliver(c *call) (response, error) {
	if !s.findAccount(c) {
		return response{}, notDelivered("Account not found")
	}
	v, named := c.account.variants.get(unescape(c.variant))
	if !named {
		if !strings.Contains(c.variant, "=") {
			return response{}, notDelivered("Variant not found")
		}
		if err := c.checkFlexible(); err != nil {
			return response{}, err
		}
	}
	rec := c.account.store.get(c.imageID)
	switch {
	case rec == nil || rec.draft:
		return response{}, notDelivered("Image not found")
	case rec.signed && !named:
		return response{}, reject(http.StatusForbidden, codeUnauthorized, "An image that requires signed URLs cannot be delivered with options")
	case rec.signed && !v.neverSigned:
		if err := c.checkSignature(); err != nil {
			return response{}, err
		}
	}
	return response{status: http.StatusOK, content: rec}, nil
}

// checkFlexible rejects URLs with options if flexible variants are disabled, and invalid
// options.
func (c *call) checkFlexible() error {
	if !c.account.variants.isFlexible() {
		rejected := reject(http.StatusForbidden, codeBadRequest, "Flexible variants are not enabled")
		rejected.resized = resizedNotFlexible
		return rejected
	}
	if problem := optionsProblem(c.variant); problem != "" {
		rejected := badRequest("Invalid options: %s", problem)
		rejected.resized = resizedBadOptions
		return rejected
	}
	return nil
}

func notDelivered(message string) *rejection {
	rejected := reject(http.StatusNotFound, codeNotFound, "%s", message)
	rejected.resized = resizedNotFound
	return rejected
}

// checkSignature verifies the sig and exp parameters of a delivery URL with the keys of the
// account. Guesses: a missing signature is rejected with 401, a wrong or expired one with
// 403, and the signed path includes /cdn-cgi.
func (c *call) checkSignature() error {
	signed, signature, ok := cutSignature(c.request.URL.RawQuery)
	if !ok {
		return reject(http.StatusUnauthorized, codeUnauthorized, "A signed URL is required")
	}
	message := c.request.URL.EscapedPath() + "?" + signed
	if !slices.ContainsFunc(c.account.keys.all(), func(key signingKey) bool { return signs(key.value, message, signature) }) {
		return reject(http.StatusForbidden, codeUnauthorized, "Invalid signature")
	}
	exp := c.request.URL.Query()["exp"]
	if len(exp) == 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(exp[0], 10, 64)
	if err != nil || len(exp) > 1 {
		return reject(http.StatusForbidden, codeUnauthorized, "Invalid exp")
	}
	if c.now.After(time.Unix(seconds, 0)) {
		return reject(http.StatusForbidden, codeUnauthorized, "Signature expired")
	}
	return nil
}

// cutSignature removes the last parameter, sig, from a query.
func cutSignature(query string) (rest, signature string, ok bool) {
	rest, last := cutLast(query, "&")
	signature, ok = strings.CutPrefix(last, "sig=")
	return rest, signature, ok
}

// signs reports whether signature is the signature of message with key. For a URL without a
// query, a signature of the path alone is accepted too, which is a guess.
func signs(key, message, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil || strings.ToLower(signature) != signature {
		return false
	}
	for _, text := range []string{message, strings.TrimSuffix(message, "?")} {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		if hmac.Equal(given, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// serveContent writes the bytes of an image. It supports ranges and conditional requests.
// That uploaded files support them too, with an ETag, is a guess.
func serveContent(w http.ResponseWriter, r *http.Request, rec *record) {
	f := rec.file
	if f == nil {
		f = placeholder(rec.id)
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Etag", f.etag)
	http.ServeContent(w, r, "", rec.at.time(), bytes.NewReader(f.bytes))
}

// placeholder returns a picture for an image that was not uploaded: a square whose color
// depends on the image.
func placeholder(id string) *file {
	sum := sha256.Sum256([]byte(id))
	shade := color.NRGBA{R: sum[0], G: sum[1], B: sum[2], A: 255}
	picture := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{shade})
	var buf bytes.Buffer
	png.Encode(&buf, picture) // a Buffer does not fail
	return &file{bytes: buf.Bytes(), contentType: "image/png", etag: `"` + hex.EncodeToString(sum[:16]) + `"`}
}
