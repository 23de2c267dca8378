package cfimages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// TestUpdateOfEveryImageResumes interrupts the example's walk in every way that a run
// can end, and resumes it: afterwards every image has the field and the metadata
// that it had before, and each image was updated about once.
func TestUpdateOfEveryImageResumes(t *testing.T) {
	const images, quota = 500, 150
	window := 5 * time.Minute
	faults := []imagestest.Fault{
		{Operation: imagestest.OpUpdate, Call: 70, Kind: imagestest.Refusal(http.StatusForbidden)},
		{Operation: imagestest.OpList, Call: 3, Times: 4, At: imagestest.MidBody(900), Kind: imagestest.Cut{}},
		{Operation: imagestest.OpUpdate, Call: 110, Times: 4, At: imagestest.AfterCommit, Kind: imagestest.Reset{}},
		{Operation: imagestest.OpUpdate, Call: 250, Times: 4, Kind: imagestest.EdgePage(http.StatusBadGateway)},
	}
	synctest.Test(t, func(t *testing.T) {
		server := imagestest.NewServer(imagestest.InMemory(), imagestest.WithRateLimit(quota, window))
		defer server.Close()
		server.Seed(images, func(i int) cfimages.Image {
			if i%3 == 0 {
				return cfimages.Image{Meta: fmt.Appendf(nil, `{"n":%d,"status":"archived"}`, i)}
			}
			return cfimages.Image{Meta: fmt.Appendf(nil, `{"n":%d}`, i)}
		})
		server.Inject(faults...)
		policy := cfimages.DefaultRetryPolicy()
		policy.MaxWait = window
		client := server.Client(cfimages.WithRetryPolicy(policy))
		checkpoint := filepath.Join(t.TempDir(), "checkpoint")

		start, runs := time.Now(), 1
		for ; setStatusUntil(t, client, checkpoint, window*2/3) != nil; runs++ {
			require.Less(t, runs, 20, "runs")
		}

		lacking := images - (images+2)/3
		assert.Greater(t, runs, len(faults)+1, "each fault and the end of the program interrupt a run")
		assert.Empty(t, server.Unused())
		for i, img := range server.Images() {
			var meta struct {
				N      int    `json:"n"`
				Status string `json:"status"`
			}
			require.NoError(t, json.Unmarshal(img.Meta, &meta))
			assert.Equal(t, i, meta.N)
			assert.Equal(t, map[bool]string{true: "archived", false: "active"}[i%3 == 0], meta.Status, "image %d", i)
		}
		assert.InDelta(t, lacking, server.Count(imagestest.OpUpdate), 10, "each image is updated once, but for the requests that failed")
		firstPages := 0
		for _, r := range server.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, r.Status)
			if r.Operation == imagestest.OpList && !r.Query.Has("continuation_token") {
				firstPages++
			}
		}
		assert.Equal(t, 1, firstPages, "a run resumes at the page where the one before stopped")
		windows := len(server.Requests()) / quota
		assert.InDelta(t, time.Duration(windows)*window, time.Since(start), float64(30*time.Second), "as many requests as the rate limit allows")
	})
}

// setStatusUntil runs the example's walk for at most d, like a program that is stopped.
func setStatusUntil(t *testing.T, client *cfimages.Client, checkpoint string, d time.Duration) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(d, cancel).Stop()
	err := setStatus(ctx, client, checkpoint)
	t.Log("a run ended with:", err)
	return err
}
