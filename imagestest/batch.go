package imagestest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The rate limit of each batch token, from Cloudflare's developer documentation. That it
// applies to any period of one second, not to clock seconds, is a guess.
const (
	batchRate   = 200
	batchWindow = time.Second
)

// defaultBatchTokenLifetime is a guess: Cloudflare documents no value.
const defaultBatchTokenLifetime = time.Hour

// expiresAtFormat is RFC 3339 with nanoseconds, as in the documentation's sample.
const expiresAtFormat = "2006-01-02T15:04:05.000000000Z"

// batchToken is the credential of requests to the batch host. It identifies an account
// and has the scope of the API token that created it.
type batchToken struct {
	who     credential
	account *Account
	scope   Scope
	expires time.Time

	admitted [batchRate]time.Time // the last requests, as a ring
	oldest   int                  // index in admitted
}

// admit reports whether one more request is within the rate. A slot that was never used
// has a time in the distant past. A slot that was used before the clock was moved back has
// a time in the future. Neither counts.
func (t *batchToken) admit(now time.Time) bool {
	age := now.Sub(t.admitted[t.oldest])
	if 0 <= age && age < batchWindow {
		return false
	}
	t.admitted[t.oldest] = now
	t.oldest = (t.oldest + 1) % batchRate
	return true
}

// batchTokens are the valid batch tokens. They are not accepted by the API, and API
// credentials are not accepted by the batch host.
type batchTokens struct {
	mu     sync.Mutex
	tokens map[credential]*batchToken
	order  []*batchToken // oldest first
}

// add stores a token and discards those that expired before it was created.
func (b *batchTokens) add(t *batchToken, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	expired := 0
	for expired < len(b.order) && !now.Before(b.order[expired].expires) {
		delete(b.tokens, b.order[expired].who)
		expired++
	}
	b.order = append(slices.Delete(b.order, 0, expired), t)
	b.tokens[t.who] = t
}

// find returns the token of a request, or nil for one that is unknown or expired.
func (b *batchTokens) find(h http.Header, now time.Time) *batchToken {
	t, ok := b.tokens[credentialOf(h)]
	if !ok || !now.Before(t.expires) {
		return nil
	}
	return t
}

// account returns the account of a request to the batch host, or nil.
func (b *batchTokens) account(h http.Header, clock *Clock) *Account {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.find(h, clock.Now()); t != nil {
		return t.account
	}
	return nil
}

// BatchURL returns the base URL of the batch host, which is https://batch.imagedelivery.net
// at Cloudflare. Its paths begin with /images/. They contain no account ID, because the
// batch token identifies the account.
func (s *Server) BatchURL() string { return s.origin + batchPath }

// createBatchToken handles ImagesV1.BatchToken. Guesses: Read scope is sufficient, the
// batch token has the scope of the credentials, and earlier batch tokens stay valid.
func (s *Server) createBatchToken(c *call) (response, error) {
	n := c.account.lastBatchToken.Add(1)
	sum := digest("batch "+c.account.id, n)
	text := fmt.Sprintf("imagestest-batch_not-a-secret_%x", sum[:16])
	t := &batchToken{
		who:     tokenCredential(text),
		account: c.account,
		scope:   c.scope,
		expires: c.now.Add(s.batchTokenLifetime),
	}
	s.batch.add(t, c.now)
	result := appendString([]byte(`{"token":`), text)
	result = append(result, `,"expiresAt":"`...)
	result = t.expires.UTC().AppendFormat(result, expiresAtFormat)
	return success(append(result, `"}`...)), nil
}

// admitBatch checks the token of a request to the batch host and counts the request against
// the rate of the token only. Nothing is documented about the following, so they are guesses:
// responses have no rate-limit headers, other credentials are rejected with 401, a
// missing scope with 403, and a 429 has a Retry-After header.
func (s *Server) admitBatch(h http.Header, e endpoint, c *call) error {
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	// The time is read under the lock, so that requests are admitted in the order
	// of their times.
	c.now = s.clock.Now()
	t := s.batch.find(c.request.Header, c.now)
	if t == nil {
		return reject(http.StatusUnauthorized, codeUnauthorized, "Authentication error")
	}
	c.account, c.accountID, c.scope = t.account, t.account.id, t.scope
	if !t.admit(c.now) {
		h.Set("Retry-After", fmt.Sprint(seconds(batchWindow)))
		return reject(http.StatusTooManyRequests, codeRateLimited, "Rate limit exceeded")
	}
	if t.scope < e.need {
		return reject(http.StatusForbidden, codeUnauthorized, "Authentication error: not allowed on this account")
	}
	return nil
}
