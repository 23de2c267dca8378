package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/cfimages/cfimages-go/internal/secret"
)

// Credentials are the credentials for the standard API host: a source of API tokens,
// or an API token, or an e-mail address and an API key.
type Credentials struct {
	Token, Email, Key *secret.Value

	// Source returns the API token for one attempt. If it is nil, the other fields are
	// used. It may be called concurrently.
	Source func(context.Context) (string, error)
}

// errBadToken does not quote the token, which is a secret.
var errBadToken = errors.New("the token source returned a token that is empty, longer than 4096 bytes, or not visible ASCII without spaces")

// login has the credentials of one attempt.
type login struct {
	token, email, key *secret.Value
	redact            *secret.Redactor
}

func newLogin(token, email, key *secret.Value) *login {
	return &login{token, email, key, secret.NewRedactor(token.Reveal(), email.Reveal(), key.Reveal())}
}

// authorize sets the headers that authenticate a request.
func (l *login) authorize(h http.Header) {
	if token := l.token.Reveal(); token != "" {
		h.Set("Authorization", "Bearer "+token)
		return
	}
	h.Set("X-Auth-Email", l.email.Reveal())
	h.Set("X-Auth-Key", l.key.Reveal())
}

// logins provides the credentials of attempts.
type logins struct {
	fixed  *login // empty if there is a source
	source func(context.Context) (string, error)
}

func newLogins(c Credentials) logins {
	return logins{fixed: newLogin(c.Token, c.Email, c.Key), source: c.Source}
}

// next returns the credentials of the next attempt.
func (l *logins) next(ctx context.Context) (*login, error) {
	if l.source == nil {
		return l.fixed, nil
	}
	token, err := l.source(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the token source failed: %w", err)
	case !isHeaderValue(token):
		return nil, errBadToken
	}
	return newLogin(secret.New(token), nil, nil), nil
}

// rejection is an attempt with a 401 response of the standard API host, and its
// credentials.
type rejection struct {
	failed *Failure
	login  *login
}

// repeats reports whether the credentials are those that were rejected.
func (r *rejection) repeats(l *login) bool {
	return r != nil && r.login.token.Reveal() == l.token.Reveal()
}
