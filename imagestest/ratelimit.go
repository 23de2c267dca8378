package imagestest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// The rate limit that Cloudflare documents, for each user or token.
const (
	defaultQuota  = 1200
	defaultWindow = 5 * time.Minute
)

// limiter counts the API requests of each credential. If enforce is set, it rejects the
// requests over the quota.
type limiter struct {
	quota   int
	window  time.Duration
	enforce bool

	mu      sync.Mutex
	windows map[credential]*window
}

// window counts the requests of a credential until ends. Rejected requests count too. The
// first request over the quota starts a new window in which all requests are rejected.
// That a window begins with the first request is a guess.
type window struct {
	ends    time.Time
	used    int
	blocked bool
}

// allowance is the content of the rate-limit headers of one response.
type allowance struct {
	remaining int
	reset     time.Duration
	rejected  bool
}

// take counts one request. If the limiter does not enforce its quota, the full quota remains.
func (l *limiter) take(who credential, now time.Time) allowance {
	if !l.enforce || who == "" {
		return allowance{remaining: l.quota, reset: l.window}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows[who]
	if !ok || !now.Before(w.ends) {
		w = &window{ends: now.Add(l.window)}
		l.windows[who] = w
	}
	w.used++
	if w.used > l.quota && !w.blocked {
		w.blocked, w.ends = true, now.Add(l.window)
	}
	return allowance{
		remaining: max(0, l.quota-w.used),
		reset:     w.ends.Sub(now),
		rejected:  w.blocked,
	}
}

// write sets the headers of a response. Seconds are rounded up.
func (l *limiter) write(h http.Header, a allowance) {
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, a.remaining, seconds(a.reset)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, l.quota, seconds(l.window)))
	if a.rejected {
		h.Set("Retry-After", fmt.Sprint(seconds(a.reset)))
	}
}

func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
