package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

const transcript = `A tour of cfimages against an in-process server

1. Create a one-time upload URL, valid for 10m0s, for an image with a custom ID
   printed without its secret: DirectUpload{ID: "quickstart-RUN-01", UploadURL: "http://127.0.0.1:PORT/[redacted]"}
   before the upload: draft = true

2. Upload to it, which needs no credentials, and wait until the upload has completed
   after the upload:  draft = false, file name "photo-01.png", creator "quickstart", metadata {"run":"RUN","region":{"name":"eu-west"},"priority":1}

3. Upload 25 more, 5 at a time
   the list shows 26 of our 26 images

4. Find images by metadata: region.name is eu-west, priority is at least 4
   photo-04.png  eu-west, priority 4
   photo-10.png  eu-west, priority 5
   photo-19.png  eu-west, priority 4
   photo-25.png  eu-west, priority 5

5. Change metadata: photo-01.png gets the status "reviewed"
   before: a filter on this status finds 0 images
   after:  a filter on this status finds 1 image
   photo-01.png  metadata {"run":"RUN","region":{"name":"eu-west"},"priority":1,"status":"reviewed"}

6. List all our images, newest first, 10 a page
   page 1: 10 images
   page 2: 10 images
   page 3: 6 images

7. Distinguish errors
   a filter on a field name with a hyphen: ErrInvalidParams, nothing was sent
      REASON
   an upload URL used twice: ErrConflict, status 409 [RESPONSE]
   an unknown image: ErrNotFound, status 404 [RESPONSE]

8. Delete the images of this tour
   26 images deleted
`

func TestTour(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))
	got := out.String()
	for _, replace := range [][2]string{
		{`(quickstart-|"run":")[a-z2-7]{10}`, "${1}RUN"},
		{`127\.0\.0\.1:\d+`, "127.0.0.1:PORT"},
		{`(?m)^      cfimages: .*"region-name".*`, "      REASON"},
		{`(status \d+) \[.+ \(code \d+\)\]`, "$1 [RESPONSE]"},
	} {
		got = regexp.MustCompile(replace[0]).ReplaceAllString(got, replace[1])
	}
	assert.Equal(t, transcript, got)
}

// mine is the metadata of an image that is not the tour's.
const mine = `{"region":{"name":"eu-west"},"priority":5,"status":"reviewed"}`

// useAccount sets the environment to an account with one image that is not the
// tour's. The function that it returns lists the account's images.
func useAccount(t *testing.T, wrap func(http.Handler) http.Handler) func() []cfimages.Image {
	t.Helper()
	account := imagestest.NewServer(imagestest.InMemory())
	t.Cleanup(account.Close)
	account.AddImages(cfimages.Image{ID: "mine", Creator: "quickstart", Meta: []byte(mine)})
	server := httptest.NewServer(wrap(account.Handler()))
	t.Cleanup(server.Close)
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	return account.Images
}

func TestTourChangesOnlyItsOwnImages(t *testing.T) {
	var uploads atomic.Int32
	atUpload := func(n int32, do func(w http.ResponseWriter) (done bool)) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/upload/") && uploads.Add(1) == n && do(w) {
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	for _, test := range []struct {
		name string
		wrap func(http.Handler) http.Handler
		want error
	}{
		{"success", atUpload(0, nil), nil},
		{"error", atUpload(9, func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}), cfimages.ErrForbidden},
		{"interrupt", atUpload(1, func(http.ResponseWriter) bool {
			interrupt()
			return false
		}), context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			uploads.Store(0)
			images := useAccount(t, test.wrap)
			var out bytes.Buffer
			assert.ErrorIs(t, run(ctx, nil, &out), test.want)
			require.NotZero(t, uploads.Load(), "the tour reached the upload")
			assert.Contains(t, out.String(), "8. Delete the images of this tour")
			require.Len(t, images(), 1)
			assert.Equal(t, "mine", images()[0].ID)
			assert.JSONEq(t, mine, string(images()[0].Meta))
			assert.NotContains(t, out.String(), "mine")
			assert.True(t, strings.HasPrefix(out.String(), "A tour of cfimages against http://127.0.0.1:"), out.String())
		})
	}
}

// transport is a function that implements http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTourWaitsForADelayedList(t *testing.T) {
	const empty = `{"success":true,"errors":[],"messages":[],"result":{"images":[]}}`
	awaitList, update := (*tour).awaitList, (*tour).update
	for _, test := range []struct {
		step  func(*tour, context.Context) error
		empty int // the number of lists without images, before the first list with them
		want  string
		took  time.Duration
	}{
		{awaitList, 0, "the list shows 26 of our 26", 0},
		{awaitList, 3, "the list shows 26 of our 26", 3 * pollInterval},
		{awaitList, 1000, "the list shows 0 of our 26", listTimeout + pollInterval},
		{update, 0, `after:  a filter on this status finds 1 image\n   photo-01.png  metadata {.*,"status":"reviewed"}\n$`, 0},
		{update, 3, `after:  a filter on this status finds 1 image\n`, 2 * pollInterval}, // the first list is before the change
		{update, 1000, `after:  a filter on this status finds 0 images within 1m0s\n$`, listTimeout + pollInterval},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := imagestest.NewServer(imagestest.InMemory())
			defer server.Close()
			lists := 0
			client := server.Client(cfimages.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				if r.URL.Query().Has("meta.run[eq:string]") {
					if lists++; lists <= test.empty {
						return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(empty))}, nil
					}
				}
				return server.HTTPClient().Transport.RoundTrip(r)
			})}))
			var out bytes.Buffer
			tour := newTour(client, &out)
			server.Seed(imageCount, func(i int) cfimages.Image {
				return cfimages.Image{ID: fmt.Sprint(i), Filename: fmt.Sprintf("photo-%02d.png", i+1), Meta: fmt.Appendf(nil, `{"run":%q}`, tour.run)}
			})
			tour.created = []string{"0"}
			started := time.Now()
			require.NoError(t, test.step(tour, t.Context()))
			assert.Equal(t, test.took, time.Since(started))
			assert.Regexp(t, test.want, out.String())
		})
	}
}

func TestExitCodes(t *testing.T) {
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "../x")
	t.Setenv("CLOUDFLARE_API_TOKEN", "token")
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-h"}, 0, "^Usage: quickstart\n", "^$"},
		{[]string{"-help"}, 0, "^Usage: quickstart\n", "^$"},
		{[]string{"-demo"}, 2, "^$", "no arguments are allowed"},
		{[]string{"now"}, 2, "^$", "no arguments are allowed"},
		{nil, 1, "^$", "CLOUDFLARE_ACCOUNT_ID"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, test.code, exitCode(run(t.Context(), test.args, &stdout), &stderr), test.args)
		assert.Regexp(t, test.stdout, stdout.String(), test.args)
		assert.Regexp(t, test.stderr, stderr.String(), test.args)
	}
}
