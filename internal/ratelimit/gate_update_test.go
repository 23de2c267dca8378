package ratelimit_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfimages/cfimages-go/internal/ratelimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGateUpdate(t *testing.T) {
	tests := map[string]struct {
		first     http.Header
		inFlight  int // admitted after the first response
		pause     time.Duration
		second    http.Header
		policy    string
		remaining int
		reset     time.Duration // from the start; 0: nothing is known
	}{
		"same window, fewer left": {
			limit("a", 50, 30), 0, time.Second, limit("a", 40, 29), "a", 40, 30 * time.Second,
		},
		"same window, more left: an overtaken response": {
			limit("a", 40, 30), 0, time.Second, limit("a", 50, 29), "a", 40, 30 * time.Second,
		},
		"same window, more left than was let through": {
			limit("a", 40, 30), 5, 0, limit("a", 39, 30), "a", 35, 30 * time.Second,
		},
		"same window, ends later than thought": {
			limit("a", 50, 30), 0, time.Second, limit("a", 40, 30), "a", 40, 31 * time.Second,
		},
		"same window, ends earlier than thought": {
			limit("a", 50, 30), 0, 0, limit("a", 40, 29), "a", 40, 30 * time.Second,
		},
		"window unknown: a later one replaces it, less others in flight": {
			limit("a", 10, 30), 3, 0, limit("a", 50, 32), "a", 48, 32 * time.Second,
		},
		"more in flight than a later window has": {
			limit("a", 10, 30), 5, 0, limit("a", 3, 60), "a", 0, 60 * time.Second,
		},
		"window known: a delayed response does not raise the count": {
			withPolicy(limit("a", 10, 30), "a", 100, 60), 0, 20 * time.Second,
			withPolicy(limit("a", 50, 40), "a", 100, 60), "a", 10, 60 * time.Second,
		},
		"window known: more than half of it later is the next one": {
			withPolicy(limit("a", 10, 30), "a", 100, 60), 0, 0,
			withPolicy(limit("a", 99, 61), "a", 100, 60), "a", 99, 61 * time.Second,
		},
		"response of an ended window": {
			withPolicy(limit("a", 10, 30), "a", 100, 60), 0, 30 * time.Second,
			withPolicy(limit("a", 5, 1), "a", 100, 60), "a", 100, 90 * time.Second,
		},
		"another limit that leaves less": {
			limit("a", 50, 300), 0, 0, limit("b", 2, 1), "b", 2, time.Second,
		},
		"another limit that leaves more, ending earlier": {
			limit("a", 50, 300), 0, 0, limit("b", 60, 1), "a", 50, 300 * time.Second,
		},
		"no headers":        {limit("a", 50, 30), 0, 0, http.Header{}, "a", 50, 30 * time.Second},
		"malformed headers": {limit("a", 50, 30), 0, 0, http.Header{"Ratelimit": {`"a";r=1;t=`}}, "a", 50, 30 * time.Second},
		"window over, next one's quota unknown": {
			limit("a", 50, 30), 0, 30 * time.Second, http.Header{}, "", 0, 0,
		},
		"window over, next one's quota known, less those in flight": {
			withPolicy(limit("a", 50, 30), "a", 100, 60), 7, 30 * time.Second, http.Header{}, "a", 93, 90 * time.Second,
		},
		"window ended, known only from an earlier response": {
			withPolicy(limit("a", 50, 30), "a", 100, 60), 0, 30 * time.Second, limit("a", 40, 60), "a", 40, 90 * time.Second,
		},
		"several windows over": {
			withPolicy(limit("a", 50, 30), "a", 100, 60), 0, 150 * time.Second, http.Header{}, "a", 100, 210 * time.Second,
		},
		"requests that hang leave room for one": {
			withPolicy(limit("a", 5, 30), "a", 3, 60), 5, 30 * time.Second, http.Header{}, "a", 1, 90 * time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				gate := ratelimit.NewGate()
				gate.Update(tt.first)
				for range tt.inFlight {
					require.NoError(t, gate.Acquire(t.Context(), 0))
				}
				time.Sleep(tt.pause)
				gate.Update(tt.second)

				state := gate.State()
				assert.Equal(t, tt.policy, state.Policy)
				assert.Equal(t, tt.remaining, state.Remaining)
				if tt.reset == 0 {
					assert.Zero(t, state.Reset)
				} else {
					assert.Equal(t, tt.reset, state.Reset.Sub(start))
				}
			})
		})
	}
}

func TestGateKeepsThePolicyThatAResponseOmits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		gate.Update(withPolicy(limit("a", 50, 30), "a", 100, 60))
		gate.Update(limit("a", 49, 30))
		assert.Equal(t, 100, gate.State().Quota)
		assert.Equal(t, time.Minute, gate.State().Window)

		gate.Update(limit("b", 1, 30))
		assert.Zero(t, gate.State().Quota, "another limit's policy is not taken over")
	})
}

func TestGateDoneEndsARequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		for range 3 {
			require.NoError(t, gate.Acquire(t.Context(), 0))
		}
		gate.Done()
		gate.Update(limit("a", 50, 30))
		assert.Equal(t, 49, gate.State().Remaining, "of the two remaining, one belongs to the response")
	})
}

// A server that sends the same header in every response does not stop a client with
// sequential requests.
func TestGateTrustsTheResponseToALoneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := ratelimit.NewGate()
		for range 100 {
			require.NoError(t, gate.Acquire(t.Context(), 0))
			gate.Update(limit("a", 5, 30))
			gate.Done()
		}
		assert.Equal(t, 5, gate.State().Remaining)

		require.NoError(t, gate.Acquire(t.Context(), 0))
		require.NoError(t, gate.Acquire(t.Context(), 0))
		gate.Done()
		gate.Update(limit("a", 5, 30))
		assert.Equal(t, 3, gate.State().Remaining, "one of two may have been overtaken")
	})
}
