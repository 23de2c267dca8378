package cfimages_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestErrorMatchesTheSentinelOfItsStatus(t *testing.T) {
	sentinels := map[int]error{
		http.StatusBadRequest:      cfimages.ErrBadRequest,
		http.StatusUnauthorized:    cfimages.ErrUnauthorized,
		http.StatusForbidden:       cfimages.ErrForbidden,
		http.StatusNotFound:        cfimages.ErrNotFound,
		http.StatusConflict:        cfimages.ErrConflict,
		http.StatusGone:            cfimages.ErrGone,
		http.StatusTooManyRequests: cfimages.ErrRateLimited,
	}
	for _, status := range []int{200, 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500} {
		transport := new(canned.Transport).Then(status, `{"success":false,"errors":[{"code":1,"message":"no"}],"result":null}`)
		_, err := newClient(t, transport).ImagesV1.Get(t.Context(), "img")
		rejected, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, status, rejected.StatusCode)
		for of, sentinel := range sentinels {
			assert.Equal(t, of == status, errors.Is(err, sentinel), "%d is %v", status, sentinel)
		}
	}
}

func TestPageErrorText(t *testing.T) {
	lost := errors.New("cfimages: ImagesV2.All: connection refused")
	for want, err := range map[string]*cfimages.PageError{
		"cfimages: list failed on the first page: ImagesV2.All: connection refused":                                {Err: lost},
		"cfimages: list failed on the first page, after 7 of its images: ImagesV2.All: connection refused":         {Yielded: 7, Err: lost},
		"cfimages: list failed on a page after the first: ImagesV2.All: connection refused":                        {ContinuationToken: "secret?", Err: lost},
		"cfimages: list failed on a page after the first, after 1 of its images: ImagesV2.All: connection refused": {ContinuationToken: "secret?", Yielded: 1, Err: lost},
		"cfimages: list failed on the first page: <nil>":                                                           {},
	} {
		assert.EqualError(t, err, want)
	}
}

func TestErrorReadsCodesWithAnExponentOrZeros(t *testing.T) {
	for code, want := range map[string]int{"5404.0": 5404, "54e2": 5400, "-0": 0} {
		transport := new(canned.Transport).Then(http.StatusNotFound, `{"success":false,"errors":[{"code":`+code+`,"message":"no"}]}`)
		_, err := newClient(t, transport).ImagesV1.Get(t.Context(), "img")
		rejected, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, []cfimages.ErrorInfo{{Code: want, Message: "no"}}, rejected.Errors)
	}
}
