package retry

import "sync/atomic"

// Budget limits the retries of all calls of a client, to prevent retry storms during
// an outage. It holds up to its capacity in tokens: each retry takes one token and each
// success returns one. It is safe for concurrent use.
type Budget struct {
	capacity int64
	tokens   atomic.Int64
}

// NewBudget returns a full Budget. With a capacity of 0 or less, it allows no retries.
func NewBudget(capacity int) *Budget {
	b := &Budget{capacity: int64(max(capacity, 0))}
	b.tokens.Store(b.capacity)
	return b
}

// Spend takes a token for one retry. It reports false if there is none; the call must
// then fail without a retry.
func (b *Budget) Spend() bool {
	for {
		tokens := b.tokens.Load()
		if tokens == 0 {
			return false
		}
		if b.tokens.CompareAndSwap(tokens, tokens-1) {
			return true
		}
	}
}

// Success returns a token after a successful call.
func (b *Budget) Success() {
	for {
		tokens := b.tokens.Load()
		if tokens == b.capacity || b.tokens.CompareAndSwap(tokens, tokens+1) {
			return
		}
	}
}
