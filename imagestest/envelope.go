package imagestest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Error codes. Only codeBadRequest is documented, for metadata filters. The others are
// guesses in the same form.
const (
	codeBadRequest   = 5400
	codeNotFound     = 5404
	codeConflict     = 5409
	codeGone         = 5410
	codeTooLarge     = 5413
	codeUnsupported  = 5415
	codeNoRoute      = 7003
	codeBadMethod    = 7001
	codeUnauthorized = 10000
	codeRateLimited  = 10429
	codeInjected     = 5999
)

// Codes of the Cf-Resized header, from Cloudflare's developer documentation.
const (
	resizedBadOptions  = 9401
	resizedNotFound    = 9404
	resizedNotFlexible = 9429
)

// rejection is the error of a rejected request.
type rejection struct {
	status, code int
	resized      int // code of the Cf-Resized header; 0 means no header
	message      string
}

func (e *rejection) Error() string { return e.message }

// reject returns a rejection with a formatted message.
func reject(status, code int, format string, args ...any) *rejection {
	return &rejection{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest returns a rejection for an invalid parameter.
func badRequest(format string, args ...any) *rejection {
	return reject(http.StatusBadRequest, codeBadRequest, format, args...)
}

// response is the response to a call: a JSON body, or the bytes of an image.
type response struct {
	status  int
	body    []byte
	content *record
	resized int // as in a rejection
}

// success returns the envelope of a successful response. The result must be JSON.
func success(result []byte) response {
	const head, tail = `{"errors":[],"messages":[],"result":`, `,"success":true}`
	body := make([]byte, 0, len(head)+len(result)+len(tail))
	body = append(append(append(body, head...), result...), tail...)
	return response{status: http.StatusOK, body: body}
}

// failure returns the envelope of an error response.
func failure(e *rejection) response {
	body := []byte(`{"errors":[{"code":`)
	body = strconv.AppendInt(body, int64(e.code), 10)
	body = append(body, `,"message":`...)
	body = appendString(body, e.message)
	body = append(body, `}],"messages":[],"result":null,"success":false}`...)
	return response{status: e.status, body: body, resized: e.resized}
}

// appendString appends text as a JSON string. Invalid UTF-8 is replaced with the
// replacement character.
func appendString(dst []byte, text string) []byte {
	// AppendQuote replaces invalid UTF-8 although it reports an error.
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
