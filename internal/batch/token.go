package batch

import (
	"time"

	"github.com/cfimages/cfimages-go/internal/secret"
)

const (
	// margin is how long before its expiry a token is renewed, or a tenth of its
	// lifetime if that is less.
	margin = time.Minute
	// maxClockError is the accepted difference between this machine's clock and the
	// server's.
	maxClockError = time.Minute
	// minLifetime is the minimum time that a token is used. If it expires earlier, the
	// batch host rejects it.
	minLifetime = time.Second
)

// Token is a token of the batch host.
type Token struct {
	Value  *secret.Value
	Redact *secret.Redactor // for texts of calls with this token

	renew, expires time.Time
}

// NewToken returns a token that expires at a time of the server's clock. date is the
// server's current time, or zero if it is unknown. Because date is in whole seconds,
// it is used only if this machine's clock is wrong.
func NewToken(value *secret.Value, redact *secret.Redactor, expires, date time.Time) *Token {
	now := time.Now()
	lifetime := expires.Sub(now)
	if !date.IsZero() && date.Sub(now).Abs() > maxClockError {
		lifetime = expires.Sub(date)
	}
	lifetime = max(lifetime, minLifetime)
	return &Token{
		Value:   value,
		Redact:  redact,
		renew:   now.Add(lifetime - min(margin, lifetime/10)),
		expires: now.Add(lifetime),
	}
}
