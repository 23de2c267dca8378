package cfimages

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go/internal/secret"
)

const (
	// batchMargin is how long before its end a batch token is renewed, or a tenth
	// of its life if that is less.
	batchMargin = time.Minute
	// maxClockError is how far this machine's clock may be from the server's.
	maxClockError = time.Minute
	// maxBatchToken is how long a token may be in bytes, which goes into a header.
	maxBatchToken = 4 << 10
	// minBatchLife is how long a token is used at least. When it is not good for so
	// long, the batch host says so.
	minBatchLife = time.Second
)

// batchToken is a token of the batch host.
type batchToken struct {
	value          *secret.Value
	renew, expires time.Time
	redact         redactor // of it and the credentials
}

// fetchBatchToken asks the ordinary host for a new token.
func (s *sender) fetchBatchToken(ctx context.Context) (*batchToken, error) {
	const path = "images/v1/batch_token"
	c := apiCall("ImagesV1.BatchToken", http.MethodGet, path, path)
	c.private = true
	var value string
	var expires, date time.Time
	err := s.do(ctx, c, func(r *reply) error {
		value, expires = "", time.Time{}
		date, _ = http.ParseTime(r.header.Get("Date"))
		err := readResult(r.decoder, func() error {
			return readObject(r.decoder, func(name []byte) error {
				switch string(name) {
				case "token":
					return readString(r.decoder, &value)
				case "expiresAt":
					return readTime(r.decoder, &expires)
				}
				return r.decoder.SkipValue()
			})
		})
		if err == nil && (value == "" || len(value) > maxBatchToken || !visible(value) || expires.IsZero()) {
			return errors.New("the result lacks a token that fits a header, or the time of its expiry")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.newBatchToken(value, expires, date), nil
}

// newBatchToken returns a token that expires at a time of the server's clock,
// which showed date. That has no fractions: it is used only when this machine's
// clock is wrong.
func (s *sender) newBatchToken(value string, expires, date time.Time) *batchToken {
	now := time.Now()
	life := expires.Sub(now)
	if !date.IsZero() && date.Sub(now).Abs() > maxClockError {
		life = expires.Sub(date)
	}
	life = max(life, minBatchLife)
	return &batchToken{
		value:   secret.New(value),
		renew:   now.Add(life - min(batchMargin, life/10)),
		expires: now.Add(life),
		redact:  newRedactor(append(s.creds.reveal(), value)...),
	}
}
