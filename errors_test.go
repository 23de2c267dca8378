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
