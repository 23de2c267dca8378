package conformance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

func TestBatchHostServesUpdatesAndUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		images := hosts.client(t).ImagesV1
		_, err := images.Update(t.Context(), "a/b", cfimages.UpdateParams{Creator: new("alice")})
		require.NoError(t, err)
		_, err = images.Upload(t.Context(), cfimages.File{Body: strings.NewReader("png")}, cfimages.UploadParams{})
		require.NoError(t, err)
		_, err = images.UploadFromURL(t.Context(), "https://example.com/cat.png", cfimages.UploadParams{})
		require.NoError(t, err)
		assert.Equal(t, []string{"PATCH /images/v1/a/b", "POST /images/v1", "POST /images/v1"}, hosts.batch)
		assert.Empty(t, hosts.standard)
	})
}

func TestStandardHostServesTheCallsOnTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t)
		_, err := client.ImagesV1.Stats(t.Context())
		require.ErrorIs(t, err, cfimages.ErrMalformedResponse, "all responses here are an image")
		_, err = client.Variants.List(t.Context())
		require.ErrorIs(t, err, cfimages.ErrMalformedResponse)
		require.NoError(t, client.Variants.SetFlexible(t.Context(), true))
		_, err = client.SigningKeys.List(t.Context())
		require.ErrorIs(t, err, cfimages.ErrMalformedResponse)
		assert.Len(t, hosts.standard, 4)
		assert.Empty(t, hosts.batch)
		assert.Zero(t, hosts.fetched)
	})
}

// The source is called for the token of the batch host, and not for what is sent there.
func TestBatchTokenIsFetchedWithTheTokenOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t, cfimages.WithTokenSource(func(context.Context) (string, error) { calls++; return "token", nil }))
		for range 3 {
			get(t, client)
		}
		assert.Equal(t, 1, calls)
		assert.Equal(t, 1, hosts.fetched)
		assert.Len(t, hosts.batch, 3)
	})
}

func TestBatchHostIsNotUsedWithoutATokenOfTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sealed := errors.New("the secret store is sealed")
		hosts := &twoHosts{life: time.Hour}
		client := hosts.client(t, cfimages.WithTokenSource(func(context.Context) (string, error) { return "", sealed }))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		require.ErrorIs(t, err, sealed)
		assert.Empty(t, hosts.batch)
		assert.Empty(t, hosts.standard)
	})
}

// The batch host rejects a request whose file it has read already: the next one
// sends the file from its start, or the error says what was rejected.
func TestBatchHostRejectsAnUpload(t *testing.T) {
	refused := func(statuses ...int) func(int, string) *http.Response {
		return func(n int, _ string) *http.Response {
			if n <= len(statuses) {
				return canned.Response(statuses[n-1], refusal)
			}
			return canned.Response(http.StatusOK, canned.Image)
		}
	}
	tests := map[string]struct {
		onBatch         func(int, string) *http.Response
		batch, standard int
		streamed        error
	}{
		"its token once":     {refused(401), 2, 0, cfimages.ErrUnauthorized},
		"every token":        {refused(401, 401), 2, 1, cfimages.ErrUnauthorized},
		"the call or tokens": {refused(403), 1, 1, cfimages.ErrForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hosts := &twoHosts{life: time.Hour, onBatch: tt.onBatch}
				upload := func(body io.Reader) error {
					_, err := hosts.client(t).ImagesV1.Upload(t.Context(), cfimages.File{Body: body}, cfimages.UploadParams{})
					return err
				}
				require.NoError(t, upload(strings.NewReader("png")))
				assert.Len(t, hosts.batch, tt.batch)
				assert.Len(t, hosts.standard, tt.standard)

				hosts.batch = nil
				err := upload(unseekable{strings.NewReader("png")})
				require.ErrorIs(t, err, tt.streamed)
				assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
				assert.ErrorContains(t, err, "cannot seek back to its start; the previous attempt failed: cfimages: ImagesV1.Upload: status 40")
				assert.Len(t, hosts.batch, 1)
			})
		})
	}
}
