package gallery

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
)

var (
	errBadJSON  = errors.New("the body must be a JSON object with a title")
	errNoSigner = errors.New("a private image was asked for, and there is no signing key")
	errNoImage  = errors.New("no such image")
	errNotYet   = errors.New("not yet: nothing was uploaded")
)

// refuse answers a request that failed. The browser learns what a person can
// do about it, the log everything.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, message := classify(err)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	h.Log.Log(r.Context(), level, "request failed", "status", status, "error", err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter(err))
	}
	writeJSON(w, status, map[string]string{"error": message})
}

// classify returns the status and the message for a person. The order of the
// cases matters: a create that ran out of time has an unknown outcome, too.
func classify(err error) (status int, message string) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, "The request is too large."
	case errors.Is(err, errBadJSON), errors.Is(err, cfimages.ErrInvalidParams):
		return http.StatusBadRequest, "The request cannot be understood."
	case errors.Is(err, errNoSigner):
		return http.StatusBadRequest, "Private images are not possible here."
	case errors.Is(err, errNoImage):
		return http.StatusNotFound, "There is no such image."
	case errors.Is(err, errNotYet):
		return http.StatusConflict, "The image has not come yet."
	case errors.Is(err, cfimages.ErrRateLimited):
		return http.StatusServiceUnavailable, "The image service is busy. Try again later."
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, "The image service took too long. Try again."
	case errors.Is(err, context.Canceled):
		return statusClientLeft, "The request was canceled."
	case errors.Is(err, cfimages.ErrOutcomeUnknown):
		return http.StatusBadGateway, "The image service gave no clear answer. Try again."
	}
	return http.StatusBadGateway, "The image service failed. Try again later."
}

// statusClientLeft is for the log only: nobody is there to read it. It is not
// a registered status; other servers use it for the same.
const statusClientLeft = 499

// retryAfter returns the seconds that Cloudflare asks to wait, at least one.
func retryAfter(err error) string {
	wait := time.Second
	if reply, ok := errors.AsType[*cfimages.Error](err); ok {
		wait = max(wait, reply.RetryAfter)
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
