package conformance_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// A prefetch that failed more than 5 s before its page is needed is requested again.
func TestOldPrefetchFailureIsDiscarded(t *testing.T) {
	for _, pause := range []time.Duration{0, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			first, second, third := canned.Page(`"2"`, "a"), canned.Page(`"3"`, "b", "c"), canned.Page("null", "d")
			transport := canned.JSON(first, second).Then(503, "", "Ratelimit", `"default";r=0;t=200`).Then(200, third)
			var got []string
			var last error
			retrying := cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2})
			for img, err := range newClient(t, transport, retrying).ImagesV2.All(t.Context(), cfimages.ListParams{}) {
				if last = err; err != nil {
					break
				}
				got = append(got, img.ID)
				if img.ID == "b" {
					time.Sleep(pause)
				}
			}
			if pause == 0 {
				failed, ok := errors.AsType[*cfimages.PageError](last)
				require.True(t, ok)
				assert.Equal(t, "3", failed.ContinuationToken)
				assert.Equal(t, []string{"a", "b", "c"}, got)
				return
			}
			require.NoError(t, last)
			assert.Equal(t, []string{"a", "b", "c", "d"}, got)
		})
	}
}
