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

// problem is an error with its HTTP status and a sentence for the user.
type problem struct {
	status  int
	message string
}

func (p problem) Error() string { return p.message }

var (
	errTooLarge = problem{http.StatusRequestEntityTooLarge, "The request is too large."}
	errBadJSON  = problem{http.StatusBadRequest, "The request must be a JSON object."}
	errNoSigner = problem{http.StatusBadRequest, "Private images are not available."}
	errNoImage  = problem{http.StatusNotFound, "The image was not found."}
	errDraft    = problem{http.StatusConflict, "The upload has not completed."}
)

// statusClientClosed appears only in the log, because the client has closed the
// connection. It is not a registered status, but other servers use it too.
const statusClientClosed = 499

// reject responds to a request that failed. The response says what the user can do.
// The log gets the whole error.
func (h *handler) reject(w http.ResponseWriter, r *http.Request, err error) {
	p := classify(err)
	level := slog.LevelInfo
	if p.status >= 500 {
		level = slog.LevelError
	}
	h.Log.Log(r.Context(), level, "request failed", "status", p.status, "error", err)
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter(err))
	}
	writeJSON(w, p.status, map[string]string{"error": p.message})
}

// classify returns the response to an error. The order of the cases matters: a create
// that timed out also matches ErrOutcomeUnknown.
func classify(err error) problem {
	if p, ok := errors.AsType[problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams):
		return problem{http.StatusBadRequest, "The request is invalid."}
	case errors.Is(err, cfimages.ErrRateLimited):
		return problem{http.StatusServiceUnavailable, "The image service is busy. Try again later."}
	case errors.Is(err, context.DeadlineExceeded):
		return problem{http.StatusGatewayTimeout, "The image service took too long. Try again."}
	case errors.Is(err, context.Canceled):
		return problem{statusClientClosed, "The request was canceled."}
	case errors.Is(err, cfimages.ErrOutcomeUnknown):
		return problem{http.StatusBadGateway, "The image service gave no clear response. Try again."}
	}
	return problem{http.StatusBadGateway, "The image service failed. Try again later."}
}

// retryAfter returns how many seconds to wait before a retry: as many as Cloudflare's
// response asks for, and at least one.
func retryAfter(err error) string {
	wait := time.Second
	if response, ok := errors.AsType[*cfimages.Error](err); ok {
		wait = max(wait, response.RetryAfter)
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
