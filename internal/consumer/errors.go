package consumer

import (
	"errors"

	"github.com/cfimages/cfimages-go"
)

// Explain distinguishes errors as a program does: by sentinel, by type, and by the
// fields of the type.
func Explain(err error) string {
	for _, known := range []struct {
		sentinel error
		name     string
	}{
		{cfimages.ErrInvalidParams, "invalid"},
		{cfimages.ErrBadRequest, "bad request"},
		{cfimages.ErrUnauthorized, "unauthorized"},
		{cfimages.ErrForbidden, "forbidden"},
		{cfimages.ErrNotFound, "not found"},
		{cfimages.ErrConflict, "conflict"},
		{cfimages.ErrGone, "gone"},
		{cfimages.ErrRateLimited, "rate limited"},
		{cfimages.ErrOutcomeUnknown, "unknown"},
		{cfimages.ErrMalformedResponse, "malformed"},
		{cfimages.ErrResponseTooLarge, "too large"},
		{cfimages.ErrTokenLoop, "loop"},
		{cfimages.ErrSignatureInvalid, "forged"},
		{cfimages.ErrURLExpired, "expired"},
	} {
		if errors.Is(err, known.sentinel) {
			return known.name
		}
	}
	return "other"
}

// Status returns the status of the response that caused an error, and the number of
// attempts.
func Status(err error) (status, attempts int) {
	var refused *cfimages.Error
	if !errors.As(err, &refused) {
		return 0, 0
	}
	return refused.StatusCode, refused.Attempts
}

// Params returns the names of the parameters that were rejected.
func Params(err error) []string {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		if one, ok := errors.AsType[*cfimages.ParamError](err); ok {
			return []string{one.Param}
		}
		return nil
	}
	var names []string
	for _, err := range joined.Unwrap() {
		names = append(names, Params(err)...)
	}
	return names
}
