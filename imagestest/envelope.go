package imagestest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Codes of refusals. Only codeBadRequest is published, for metadata filters;
// the others are guesses: numbers of their kind.
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

// Codes of the header Cf-Resized, of Cloudflare's developer documentation.
const (
	resizedBadOptions  = 9401
	resizedNotFound    = 9404
	resizedNotFlexible = 9429
)

// refusal is a request that was answered with an error.
type rejection struct {
	status, code int
	resized      int // of the header Cf-Resized; 0: without it
	message      string
}

func (e *rejection) Error() string { return e.message }

// refuse returns a refusal with a formatted message.
func reject(status, code int, format string, args ...any) *rejection {
	return &rejection{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badRequest returns the refusal of a parameter.
func badRequest(format string, args ...any) *rejection {
	return reject(http.StatusBadRequest, codeBadRequest, format, args...)
}

// response is what a call is answered with: a JSON body, or the bytes of an image.
type response struct {
	status  int
	body    []byte
	content *record
	resized int // as of a refusal
}

// success returns the envelope around a result, which is JSON already.
func success(result []byte) response {
	const head, tail = `{"errors":[],"messages":[],"result":`, `,"success":true}`
	body := make([]byte, 0, len(head)+len(result)+len(tail))
	body = append(append(append(body, head...), result...), tail...)
	return response{status: http.StatusOK, body: body}
}

// failure returns the envelope of a refusal.
func failure(e *rejection) response {
	body := []byte(`{"errors":[{"code":`)
	body = strconv.AppendInt(body, int64(e.code), 10)
	body = append(body, `,"message":`...)
	body = appendString(body, e.message)
	body = append(body, `}],"messages":[],"result":null,"success":false}`...)
	return response{status: e.status, body: body, resized: e.resized}
}

// appendString appends text as a JSON string; bytes that are not UTF-8 become
// the replacement character.
func appendString(dst []byte, text string) []byte {
	// AppendQuote has replaced them already when it reports them.
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}
