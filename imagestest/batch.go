package imagestest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The rate that Cloudflare's developer documentation allows each batch token.
// That it is counted over any second, not by the clock's, is a guess.
const (
	batchRate   = 200
	batchWindow = time.Second
)

// defaultBatchTokenLifetime is a guess: nothing is published.
const defaultBatchTokenLifetime = time.Hour

// expiresAtFormat is RFC 3339 with nanoseconds, as in the documentation's sample.
const expiresAtFormat = "2006-01-02T15:04:05.000000000Z"

// batchToken is what a request to the batch host is sent with: it stands for an
// account, and for what its maker may do there.
type batchToken struct {
	who     credential
	account *Account
	scope   Scope
	expires time.Time

	admitted [batchRate]time.Time // the last requests, as a ring
	oldest   int                  // index in admitted
}

// admit reports whether one more request is within the rate. A slot that was
// never used holds a time long ago, and one that was used before the clock was
// moved back holds a time to come: neither counts.
func (t *batchToken) admit(now time.Time) bool {
	age := now.Sub(t.admitted[t.oldest])
	if 0 <= age && age < batchWindow {
		return false
	}
	t.admitted[t.oldest] = now
	t.oldest = (t.oldest + 1) % batchRate
	return true
}

// batchTokens are the tokens that the batch host knows. They are no credentials
// of the API, and those of the API none of the batch host.
type batchTokens struct {
	mu     sync.Mutex
	tokens map[credential]*batchToken
	order  []*batchToken // oldest first
}

// add makes a token known, and forgets those that expired before it was made.
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

// account returns the account that a request to the batch host is for, or nil.
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

// createBatchToken answers ImagesV1.BatchToken. Guesses: whoever may read the
// account may have a token, which may do there what its maker may, and earlier
// tokens stay good.
func (s *Server) createBatchToken(c *call) (response, error) {
	n := c.account.lastBatchToken.Add(1)
	sum := digest("batch "+c.account.id, n)
	text := fmt.Sprintf("imagestest-batch_not-a-secret_%x", sum[:16])
	t := &batchToken{
		who:     credential("token " + text),
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

// admitBatch checks the token of a request to the batch host and counts it,
// against the token's own rate only. That such responses carry no headers on rate
// limits, that all other credentials are a 401 and a lack of rights a 403, and
// that Retry-After comes with a 429, is a guess: nothing is published.
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
