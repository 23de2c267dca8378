package imagestest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go/imagestest"
)

func TestEveryAPIResponseHasRateLimitHeaders(t *testing.T) {
	srv := newServer(t)
	for _, resp := range []result{
		list(t, srv, ""), list(t, srv, "per_page=1"), create(t, srv), api(t, srv, "PUT", "/images/v2"), api(t, srv, "GET", "/nothing"),
		do(t, srv, newRequest(t, "GET", accountURL(srv)+"/images/v2", nil)),
	} {
		assert.Equal(t, `"default";r=1200;t=300`, resp.Header.Get("Ratelimit"))
		assert.Equal(t, `"default";q=1200;w=300`, resp.Header.Get("Ratelimit-Policy"))
		assert.Regexp(t, `^[0-9a-f]{16}-TST$`, resp.Header.Get("Cf-Ray"))
	}
	delivered := do(t, srv, newRequest(t, "GET", strings.TrimSuffix(srv.URL(), "client/v4")+"delivery/x/y/z", nil))
	assert.Empty(t, delivered.Header.Get("Ratelimit"))
	assert.NotEmpty(t, delivered.Header.Get("Cf-Ray"))
}

func TestRateLimit(t *testing.T) {
	clock := imagestest.NewClock(noon)
	srv := newServer(t, imagestest.WithClock(clock), imagestest.WithRateLimit(2, 10*time.Second))
	expect := func(status int, header, retryAfter string) {
		t.Helper()
		resp := list(t, srv, "")
		assert.Equal(t, status, resp.Status)
		assert.Equal(t, header, resp.Header.Get("Ratelimit"))
		assert.Equal(t, `"default";q=2;w=10`, resp.Header.Get("Ratelimit-Policy"))
		assert.Equal(t, retryAfter, resp.Header.Get("Retry-After"))
	}
	expect(200, `"default";r=1;t=10`, "")
	clock.Advance(1500 * time.Millisecond)
	expect(200, `"default";r=0;t=9`, "")
	expect(429, `"default";r=0;t=10`, "10")
	clock.Advance(9500 * time.Millisecond)
	expect(429, `"default";r=0;t=1`, "1")
	clock.Advance(500 * time.Millisecond)
	expect(200, `"default";r=1;t=10`, "")
}

func TestRateLimitsArePerCredential(t *testing.T) {
	srv := newServer(t, imagestest.WithRateLimit(1, time.Hour))
	assert.Equal(t, 200, list(t, srv, "").Status)
	assert.Equal(t, 429, list(t, srv, "").Status)
	byKey := newRequest(t, "GET", accountURL(srv)+"/images/v2", nil,
		"X-Auth-Email", imagestest.Email, "X-Auth-Key", imagestest.APIKey)
	assert.Equal(t, 200, do(t, srv, byKey).Status)
	rejected := create(t, srv)
	assert.Equal(t, 429, rejected.Status)
	assert.Empty(t, srv.Images(), "a rejected call changes nothing")
}
