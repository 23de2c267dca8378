package retry

import "sync/atomic"

// Budget limits the retries of all calls of a client together, so that an
// outage is not answered with a multiple of the usual load. It holds up to its
// capacity in tokens: each retry takes one and each success puts one back. It is
// safe for concurrent use.
type Budget struct {
	capacity int64
	tokens   atomic.Int64
}

// NewBudget returns a full Budget. With a capacity of 0 or less there are no retries.
func NewBudget(capacity int) *Budget {
	b := &Budget{capacity: int64(max(capacity, 0))}
	b.tokens.Store(b.capacity)
	return b
}

// Spend takes a token for one retry; false means that there is none and the
// call must fail with what it has.
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

// Success puts a token back after a call that succeeded.
func (b *Budget) Success() {
	for {
		tokens := b.tokens.Load()
		if tokens == b.capacity || b.tokens.CompareAndSwap(tokens, tokens+1) {
			return
		}
	}
}
