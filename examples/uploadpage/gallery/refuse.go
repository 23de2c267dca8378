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
	errTooLarge = errors.New("the request body is too large")
	errBadJSON  = errors.New("the request body must be a JSON object with a title")
	errNoSigner = errors.New("a private image was requested, and there is no signing key")
	errNoImage  = errors.New("no such image")
	errDraft    = errors.New("the upload has not completed")
)

// refuse responds to a request that failed. The browser gets what a person can do
// about it, the log gets all.
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

// statusClientLeft is for the log only: nobody is there to read it. It is not
// registered; other servers use it too.
const statusClientLeft = 499

// classify returns the status and the message for a person. The order matters:
// a create that timed out has an unknown outcome, too.
func classify(err error) (status int, message string) {
	for _, class := range []struct {
		err     error
		status  int
		message string
	}{
		{errTooLarge, http.StatusRequestEntityTooLarge, "The request is too large."},
		{errBadJSON, http.StatusBadRequest, "The request cannot be understood."},
		{cfimages.ErrInvalidParams, http.StatusBadRequest, "The request cannot be understood."},
		{errNoSigner, http.StatusBadRequest, "Private images are not possible here."},
		{errNoImage, http.StatusNotFound, "There is no such image."},
		{errDraft, http.StatusConflict, "The upload has not completed."},
		{cfimages.ErrRateLimited, http.StatusServiceUnavailable, "The image service is busy. Try again later."},
		{context.DeadlineExceeded, http.StatusGatewayTimeout, "The image service took too long. Try again."},
		{context.Canceled, statusClientLeft, "The request was canceled."},
		{cfimages.ErrOutcomeUnknown, http.StatusBadGateway, "The image service gave no clear answer. Try again."},
	} {
		if errors.Is(err, class.err) {
			return class.status, class.message
		}
	}
	return http.StatusBadGateway, "The image service failed. Try again later."
}

// retryAfter returns the seconds that Cloudflare asks to wait, at least one.
func retryAfter(err error) string {
	wait := time.Second
	if response, ok := errors.AsType[*cfimages.Error](err); ok {
		wait = max(wait, response.RetryAfter)
	}
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
