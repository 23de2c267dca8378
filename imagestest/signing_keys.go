package imagestest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxKeyName is the maximum length in characters, from Cloudflare's OpenAPI document.
const maxKeyName = 20

// defaultKey is the name of the first key of an account, from Cloudflare's developer
// documentation.
const defaultKey = "default"

type signingKey struct{ name, value string }

// keyRing contains the signing keys of an account in the order of their creation.
type keyRing struct {
	mu   sync.Mutex
	keys []signingKey
	made uint64 // number of generated values
}

// add stores a value chosen by a test under the next free name.
func (r *keyRing) add(value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := defaultKey
	for n := 2; r.find(name) >= 0; n++ {
		name = fmt.Sprint("key-", n)
	}
	r.keys = append(r.keys, signingKey{name, value})
}

// create creates a key. It returns false if the name is taken.
func (r *keyRing) create(accountID, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.find(name) >= 0 {
		return false
	}
	r.generate(accountID, name)
	return true
}

// remove deletes a key. It returns false if the name does not exist. After the last key is
// deleted, a new key is created (Cloudflare's OpenAPI document). That it is named default
// is a guess.
func (r *keyRing) remove(accountID, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.find(name)
	if i < 0 {
		return false
	}
	r.keys = slices.Delete(r.keys, i, i+1)
	if len(r.keys) == 0 {
		r.generate(accountID, defaultKey)
	}
	return true
}

// all returns the current keys.
func (r *keyRing) all() []signingKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

func (r *keyRing) find(name string) int {
	return slices.IndexFunc(r.keys, func(k signingKey) bool { return k.name == name })
}

// generate creates a key whose value looks like a Cloudflare key and is the same in every
// run.
func (r *keyRing) generate(accountID, name string) {
	r.made++
	sum := digest("signing key "+accountID, r.made)
	r.keys = append(r.keys, signingKey{name, base64.StdEncoding.EncodeToString(sum[:])})
}

// listKeys handles SigningKeys.List. Creation and deletion return the list too.
func (s *Server) listKeys(c *call) (response, error) {
	result := []byte(`{"keys":[`)
	for i, k := range c.account.keys.all() {
		if i > 0 {
			result = append(result, ',')
		}
		result = appendString(append(result, `{"name":`...), k.name)
		result = appendString(append(result, `,"value":`...), k.value)
		result = append(result, '}')
	}
	return success(append(result, "]}"...)), nil
}

// createKey handles SigningKeys.Create. Guesses: a taken name is rejected, as is a name with
// a slash or invalid UTF-8.
func (s *Server) createKey(c *call) (response, error) {
	switch n := utf8.RuneCountInString(c.name); {
	case n > maxKeyName:
		return response{}, badRequest("Signing key name too long: %d characters provided, maximum %d allowed", n, maxKeyName)
	case !utf8.ValidString(c.name) || strings.Contains(c.name, "/"):
		return response{}, badRequest("Invalid signing key name: '%s'", c.name)
	}
	if !c.account.keys.create(c.account.id, c.name) {
		return response{}, reject(http.StatusConflict, codeConflict, "Signing key with that name already exists")
	}
	return s.listKeys(c)
}

// deleteKey handles SigningKeys.Delete. That an unknown name is a 404 is a guess.
func (s *Server) deleteKey(c *call) (response, error) {
	if !c.account.keys.remove(c.account.id, c.name) {
		return response{}, reject(http.StatusNotFound, codeNotFound, "Signing key not found")
	}
	return s.listKeys(c)
}
