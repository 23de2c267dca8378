package imagestest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
)

// A continuation token consists of the position of the last image of a page, a number of
// detours and a signature. These are 24 bytes, or 32 characters, the maximum of
// Cloudflare's API reference.
const (
	tokenPosition  = 14 // 8 bytes of time, 1 of detours, 5 of sequence
	tokenSignature = 10

	maxSequence = 1<<40 - 1
)

// continuationToken returns the token for the page of q that follows p. A token
// with another number of detours leads to the same page.
func continuationToken(q *listQuery, p position, detours byte) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(p.milli))
	low := binary.BigEndian.AppendUint64(nil, uint64(detours)<<40|p.sequence)
	raw = append(raw, low[2:]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, signToken(q, raw)...))
}

// startToken returns a token for the first page of q.
func startToken(q *listQuery) string { return continuationToken(q, q.start(), 0) }

// detourToken returns another token than that of q for the same page.
func detourToken(q *listQuery) string {
	from := q.start()
	if q.after != nil {
		from = *q.after
	}
	return continuationToken(q, from, q.detours+1)
}

// start is the position before all images, in the order of q.
func (q *listQuery) start() position {
	if q.ascending {
		return position{milli: math.MinInt64}
	}
	return position{milli: math.MaxInt64, sequence: maxSequence}
}

// readToken sets q to the position of its token. It returns false if the token is invalid.
// That a token is valid only for the query that returned it, except for the page size, is
// a guess.
func (q *listQuery) readToken() bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(q.token)
	if err != nil || len(raw) != tokenPosition+tokenSignature {
		return false
	}
	raw, signature := raw[:tokenPosition], raw[tokenPosition:]
	if !hmac.Equal(signature, signToken(q, raw)) {
		return false
	}
	low := binary.BigEndian.Uint64(raw[6:]) // of which the first two bytes are time
	q.detours = byte(low >> 40)
	q.after = &position{milli: int64(binary.BigEndian.Uint64(raw)), sequence: low & maxSequence}
	return true
}

// signToken binds a position to the account, order and filters of a query.
func signToken(q *listQuery, raw []byte) []byte {
	mac := hmac.New(sha256.New, []byte("imagestest continuation token"))
	mac.Write(raw)
	fmt.Fprintf(mac, "%q %t", q.accountID, q.ascending)
	if q.creator != nil {
		fmt.Fprintf(mac, " creator %q", *q.creator)
	}
	for _, c := range q.conditions {
		fmt.Fprintf(mac, " %s %s", c.field, c.operator)
		for _, v := range c.values {
			fmt.Fprintf(mac, " %s %q", v.kind, v.text)
		}
	}
	return mac.Sum(nil)[:tokenSignature]
}
