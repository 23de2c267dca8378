package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
)

var (
	errBadJSON    = errors.New("the body must be a JSON object with a title")
	errNoForm     = errors.New("the body must be a form of type multipart/form-data")
	errNoFile     = errors.New(`the form has no file: send one in the field "file"`)
	errTooLarge   = errors.New("the file is too large: the limit is 10 MB")
	errBrokenForm = errors.New("the form is malformed or incomplete")
	errBadFile    = errors.New("the image service rejected the file: send a PNG, JPEG, GIF, WebP or SVG image")
	errNoImage    = errors.New("no such upload")
	errDraft      = errors.New("the upload has not completed")
)

// reject responds to a request that failed. The response says what the user can do.
// The log gets the whole error.
func (h *handler) reject(w http.ResponseWriter, r *http.Request, err error) {
	status, message := classify(err)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	h.log.Log(r.Context(), level, "request failed", "status", status, "error", err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter(err))
	}
	writeJSON(w, status, map[string]string{"error": message})
}

// classify returns the status and the message for a browser.
func classify(err error) (status int, message string) {
	if status, message := classifyRequest(err); status != 0 {
		return status, message
	}
	return classifyCall(err)
}

// classifyRequest returns the response if the browser's request caused the error, and
// the status 0 otherwise.
func classifyRequest(err error) (status int, message string) {
	switch {
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge, errTooLarge.Error()
	case errors.As(err, new(*http.MaxBytesError)):
		return http.StatusRequestEntityTooLarge, "the body is too large"
	case errors.Is(err, errBrokenForm) && errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, "the upload took too long, try again"
	case errors.Is(err, errBrokenForm):
		return http.StatusBadRequest, errBrokenForm.Error()
	case errors.Is(err, errBadFile):
		return http.StatusUnsupportedMediaType, errBadFile.Error()
	case errors.Is(err, errNoForm):
		return http.StatusUnsupportedMediaType, err.Error()
	case errors.Is(err, errBadJSON), errors.Is(err, errNoFile), errors.Is(err, cfimages.ErrInvalidParams):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, errNoImage):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, errDraft):
		return http.StatusConflict, err.Error()
	}
	return 0, ""
}

// classifyCall returns the response if a call to Cloudflare failed. The order of the
// cases matters: a create that timed out also matches ErrOutcomeUnknown.
func classifyCall(err error) (status int, message string) {
	switch {
	case errors.Is(err, cfimages.ErrRateLimited):
		return http.StatusServiceUnavailable, "the image service is busy, try again later"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded): // the handler's timeout, or the client's per request
		return http.StatusGatewayTimeout, "the image service took too long, try again"
	case errors.Is(err, context.Canceled):
		return statusClientClosed, "the request was canceled"
	case errors.Is(err, cfimages.ErrOutcomeUnknown):
		return http.StatusBadGateway, "the image service gave no clear response, try again"
	}
	return http.StatusBadGateway, "the image service failed"
}

// statusClientClosed appears only in the log, because the client has closed the
// connection. It is not a registered status, but other servers use it too.
const statusClientClosed = 499

// retryAfter returns how many seconds to wait before a retry: as many as Cloudflare's
// response asks for, and at least one.
func retryAfter(err error) string {
	wait := time.Second
	if response, ok := errors.AsType[*cfimages.Error](err); ok {
		wait = max(wait, response.RetryAfter)
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
