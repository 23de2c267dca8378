package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go/internal/batch"
	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/secret"
)

// maxTokenBytes is the maximum length of a token from a server or a token source,
// because it is sent in a header.
const maxTokenBytes = 4 << 10

// fetchToken requests a new batch token from the standard API host.
func (s *Sender) fetchToken(ctx context.Context) (*batch.Token, error) {
	const path = "images/v1/batch_token"
	var token tokenResult
	failed := s.Do(ctx, &Call{
		Op: "ImagesV1.BatchToken", Method: http.MethodGet, Path: path, Template: path, Private: true,
	}, token.read)
	if failed != nil {
		err := errors.New(s.route.attempts.describe(failed))
		if failed.Status == http.StatusForbidden || failed.Status == http.StatusNotFound {
			err = fmt.Errorf("%w: %w", batch.ErrRejected, err)
		}
		return nil, err
	}
	redact := s.route.logins.fixed.redact.With(token.value)
	return batch.NewToken(secret.New(token.value), redact, token.expires, token.date), nil
}

// tokenResult is the result of a call for a batch token.
type tokenResult struct {
	value         string
	expires, date time.Time
}

func (t *tokenResult) read(r *Response) error {
	*t = tokenResult{}
	t.date, _ = http.ParseTime(r.Header.Get("Date"))
	dec := r.Decoder()
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		switch string(name) {
		case "token":
			return envelope.ReadString(dec, &t.value)
		case "expiresAt":
			return envelope.ReadTime(dec, &t.expires)
		}
		return dec.SkipValue()
	})
	if err == nil && (!isHeaderValue(t.value) || t.expires.IsZero()) {
		return errors.New("the result has no token that is valid in a header, or no expiry time")
	}
	return err
}

// isHeaderValue reports whether a token can be sent in a header: visible ASCII.
func isHeaderValue(s string) bool {
	return s != "" && len(s) <= maxTokenBytes && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
