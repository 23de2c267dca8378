package imagestest

import (
	"net/http"
	"strings"
)

// Scope is the set of calls that an API token is allowed to make.
type Scope int

// The scopes.
const (
	Read  Scope = iota + 1 // list and get images, signing keys and variants, count images, get batch tokens
	Write                  // everything that Read allows, and upload, create, update and delete
)

// credential identifies who sends a request: a token, or an e-mail and key.
type credential string

// grant lets a credential use an account.
func (s *Server) grant(who credential, accountID string, scope Scope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grants[who] == nil {
		s.grants[who] = make(map[string]Scope)
	}
	s.grants[who][accountID] = scope
}

// authenticate finds who sends a request and checks that they may do it. That
// wrong credentials are a 401 and a wrong account or scope a 403, all with
// code 10000, is a guess.
func (s *Server) authenticate(c *call, need Scope) (credential, error) {
	who := credentialOf(c.request.Header)
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes, known := s.grants[who]
	if !known {
		return "", reject(http.StatusUnauthorized, codeUnauthorized, "Authentication error")
	}
	if scopes[c.accountID] < need {
		return who, reject(http.StatusForbidden, codeUnauthorized, "Authentication error: not allowed on this account")
	}
	c.account, c.scope = s.accounts[c.accountID], scopes[c.accountID]
	return who, nil
}

// credentialOf reads a bearer token, or without one the older pair of headers.
func credentialOf(h http.Header) credential {
	if authorization := h.Get("Authorization"); authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return credential("token " + token)
	}
	return credential("key " + h.Get("X-Auth-Email") + "\n" + h.Get("X-Auth-Key"))
}

// carriesCredentials reports whether a request has any, right or wrong.
func carriesCredentials(h http.Header) bool {
	for _, name := range []string{"Authorization", "X-Auth-Email", "X-Auth-Key"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}
