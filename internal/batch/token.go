package batch

import (
	"time"

	"github.com/cfimages/cfimages-go/internal/secret"
)

const (
	// margin is how long before its end a token is renewed, or a tenth of its life
	// if that is less.
	margin = time.Minute
	// maxClockError is how far this machine's clock may be from the server's.
	maxClockError = time.Minute
	// minLife is how long a token is used at least. If it is not good for so long,
	// the batch host says so.
	minLife = time.Second
)

// Token is a token of the batch host.
type Token struct {
	Value  *secret.Value
	Redact *secret.Redactor // of texts that a call with this token brings

	renew, expires time.Time
}

// NewToken returns a token that expires at a time of the server's clock, which
// showed date; the zero date is unknown. The date has no fractions: it is used
// only when this machine's clock is wrong.
func NewToken(value *secret.Value, redact *secret.Redactor, expires, date time.Time) *Token {
	now := time.Now()
	life := expires.Sub(now)
	if !date.IsZero() && date.Sub(now).Abs() > maxClockError {
		life = expires.Sub(date)
	}
	life = max(life, minLife)
	return &Token{
		Value:   value,
		Redact:  redact,
		renew:   now.Add(life - min(margin, life/10)),
		expires: now.Add(life),
	}
}
