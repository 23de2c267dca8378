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

// credential identifies the sender of a request: a token, or an email address and key.
type credential string

func tokenCredential(token string) credential { return credential("token " + token) }

// grant allows a credential to use an account.
func (s *Server) grant(who credential, accountID string, scope Scope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grants[who] == nil {
		s.grants[who] = make(map[string]Scope)
	}
	s.grants[who][accountID] = scope
}

// revoke ends the use of an account by a credential.
func (s *Server) revoke(who credential, accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.grants[who], accountID)
	if len(s.grants[who]) == 0 {
		delete(s.grants, who)
	}
}

// authenticate identifies the sender of a request and checks its scope. Guesses: wrong
// credentials are rejected with 401, a wrong account or scope with 403, all with code 10000.
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

// credentialOf returns the bearer token, or without one the email address and key.
func credentialOf(h http.Header) credential {
	if authorization := h.Get("Authorization"); authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return tokenCredential(token)
	}
	return credential("key " + h.Get("X-Auth-Email") + "\n" + h.Get("X-Auth-Key"))
}

// carriesCredentials reports whether a request contains credentials, valid or not.
func carriesCredentials(h http.Header) bool {
	for _, name := range []string{"Authorization", "X-Auth-Email", "X-Auth-Key"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}
