package imagestest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// A continuation token is the position of the last image of a page and a
// signature, together 24 bytes, which are 32 characters: the most that
// Cloudflare's API reference allows.
const (
	tokenPosition  = 14 // 8 bytes of time, 6 of sequence
	tokenSignature = 10
)

// continuationToken returns the token for the page of q that follows p.
func continuationToken(q *listQuery, p position) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(p.milli))
	raw = append(raw, binary.BigEndian.AppendUint64(nil, p.sequence)[2:]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, signToken(q, raw)...))
}

// parseToken returns the position in a token. That a token serves only the
// query that it came from, but for the size of the page, is a guess.
func parseToken(q *listQuery, token string) (position, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenPosition+tokenSignature {
		return position{}, false
	}
	raw, signature := raw[:tokenPosition], raw[tokenPosition:]
	if !hmac.Equal(signature, signToken(q, raw)) {
		return position{}, false
	}
	milli, sequence := raw[:8], append([]byte{0, 0}, raw[8:]...)
	return position{
		milli:    int64(binary.BigEndian.Uint64(milli)),
		sequence: binary.BigEndian.Uint64(sequence),
	}, true
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
