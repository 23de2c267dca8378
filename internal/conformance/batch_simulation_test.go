package conformance_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// A hundred thousand calls, in virtual time: over the standard host, over one
// batch token, and over four. Under -race, which is slow, a tenth of them.
func TestSimulationOfManyCalls(t *testing.T) {
	const calls = simulatedCalls
	const slack = time.Second + roundTrip    // headers have whole seconds
	windows := (calls - 1) / documentedQuota // that have to pass before the last call
	tests := []struct {
		name    string
		clients int
		batch   bool
		least   time.Duration // by the documented limits
		most    time.Duration
	}{
		{"standard host", 1, false, time.Duration(windows) * documentedWindow, time.Duration(windows) * (documentedWindow + slack)},
		{"one batch token", 1, true, perSecond(calls, 200), perSecond(calls, 189)},
		{"four batch tokens", 4, true, perSecond(calls/4, 200), perSecond(calls/4, 189)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hosts := &strictHosts{admitted: make(map[string]*[200]time.Time), next: make(map[string]int)}
				start := time.Now()
				var wg sync.WaitGroup
				for range tt.clients {
					client := hosts.client(t, tt.batch)
					for worker := range workersPerClient {
						wg.Go(func() {
							for range share(calls/tt.clients, workersPerClient, worker) {
								_, err := client.ImagesV1.Get(t.Context(), "img")
								assert.NoError(t, err)
							}
						})
					}
				}
				wg.Wait()
				took := time.Since(start)
				t.Logf("%d calls over %s: %v", calls, tt.name, took.Round(time.Second))
				assert.Equal(t, calls, hosts.served)
				assert.Zero(t, hosts.rejected)
				assert.GreaterOrEqual(t, took, tt.least-slack)
				assert.LessOrEqual(t, took, tt.most+slack)
			})
		})
	}
}

const (
	documentedQuota  = 1200
	documentedWindow = 5 * time.Minute

	workersPerClient = 32
	roundTrip        = 50 * time.Millisecond
)

func perSecond(calls, rate int) time.Duration {
	return time.Duration(calls) * time.Second / time.Duration(rate)
}

// share returns how much of n calls one worker makes.
func share(n, workers, worker int) int { return (n + worker) / workers }

// strictHosts rejects what exceeds the documented limits: on the standard host
// 1,200 in 5 minutes, on the batch host 200 of a token within a second.
type strictHosts struct {
	mu       sync.Mutex
	ends     time.Time // of the window
	used     int
	tokens   int
	admitted map[string]*[200]time.Time // the last 200 of a token
	next     map[string]int
	served   int
	rejected int
}

func (h *strictHosts) client(t *testing.T, batch bool) *cfimages.Client {
	opts := []cfimages.Option{
		cfimages.WithAccountID("acc"),
		cfimages.WithAPIToken("token"),
		cfimages.WithHTTPClient(&http.Client{Transport: h}),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 1, MaxWait: time.Hour}),
	}
	if batch {
		opts = append(opts, cfimages.WithBatchAPI())
	}
	client, err := cfimages.NewClient(opts...)
	require.NoError(t, err)
	return client
}

func (h *strictHosts) RoundTrip(req *http.Request) (*http.Response, error) {
	defer time.Sleep(roundTrip)
	return h.respond(req), nil
}

func (h *strictHosts) respond(req *http.Request) *http.Response {
	h.mu.Lock()
	defer h.mu.Unlock()
	if req.URL.Host == "batch.imagedelivery.net" {
		return h.respondBatch(req.Header.Get("Authorization"))
	}
	now := time.Now()
	if !now.Before(h.ends) {
		h.ends, h.used = now.Add(documentedWindow), 0
	}
	resp := canned.Response(http.StatusOK, canned.Image)
	switch h.used++; {
	case strings.HasSuffix(req.URL.Path, "/batch_token"):
		h.tokens++
		resp = canned.Response(http.StatusOK, fmt.Sprintf(`{"success":true,"result":{"token":"batch-%d","expiresAt":%q}}`,
			h.tokens, now.Add(24*time.Hour).Format(time.RFC3339Nano)))
	case h.used > documentedQuota:
		h.rejected++
		return canned.Response(http.StatusTooManyRequests, "")
	default:
		h.served++
	}
	left := (h.ends.Sub(now) + time.Second - 1) / time.Second
	resp.Header.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, documentedQuota-h.used, left))
	resp.Header.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, documentedQuota, int(documentedWindow.Seconds())))
	return resp
}

func (h *strictHosts) respondBatch(token string) *http.Response {
	now := time.Now()
	if h.admitted[token] == nil {
		h.admitted[token] = new([200]time.Time)
	}
	oldest := &h.admitted[token][h.next[token]%200]
	if now.Sub(*oldest) < time.Second {
		h.rejected++
		return canned.Response(http.StatusTooManyRequests, "")
	}
	*oldest = now
	h.next[token]++
	h.served++
	return canned.Response(http.StatusOK, canned.Image)
}
