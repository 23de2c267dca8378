package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/secret"
	"github.com/cfimages/cfimages-go/internal/send"
)

// SigningKeys manages the keys of an account that sign the delivery URLs of private
// images.
//
// To replace a key without interrupting delivery:
//
//  1. Create a key with a new name.
//  2. Sign with the new key in all programs.
//  3. Wait until the last URL that was signed with the old key has expired. URLs without an expiry must be signed again.
//  4. Delete the old key.
//
// If a key was leaked, delete it at once instead: anyone who has it can sign URLs.
type SigningKeys struct{ sender *send.Sender }

// SigningKey is a signing key. Its value is left out when it is printed, logged or
// encoded.
type SigningKey struct {
	Name string // for example "default", the first key of an account

	value *secret.Value
}

// Value returns the value of the key, which is a secret.
func (k SigningKey) Value() string { return k.value.Reveal() }

// Signer returns a [URLSigner] that signs with the key.
func (k SigningKey) Signer() (*URLSigner, error) { return NewURLSigner(k.Value()) }

const (
	keysPath         = "images/v1/keys"
	maxKeyNameLength = 20   // characters; from Cloudflare's OpenAPI document
	maxSigningKeys   = 1000 // in a response: a limit of this library
)

// List returns the keys of the account, in the order of the response.
func (s *SigningKeys) List(ctx context.Context) ([]SigningKey, error) {
	var list keyList
	c := &send.Call{Op: "SigningKeys.List", Method: http.MethodGet, Path: keysPath, Template: keysPath, Private: true}
	if failed := s.sender.Do(ctx, c, list.read); failed != nil {
		return nil, newError(failed)
	}
	return list.keys, nil
}

// Create creates a key and returns it. Cloudflare chooses its value. The name has at
// most 20 characters (Cloudflare's OpenAPI document). It is not documented what happens
// to an existing key with the same name.
//
// The call is retried by the rules for creates; see [RetryPolicy]. If it is not known
// whether an attempt created the key, the error is [ErrOutcomeUnknown]: check with
// [SigningKeys.List].
func (s *SigningKeys) Create(ctx context.Context, name string) (*SigningKey, error) {
	c, err := keyCall("SigningKeys.Create", http.MethodPut, name)
	if err != nil {
		return nil, err
	}
	c.Retry = send.RetryUnserved
	c.Unsure = "the key may have been created; check with SigningKeys.List"
	created := createdKey{name: name}
	if failed := s.sender.Do(ctx, c, created.read); failed != nil {
		return nil, newError(failed)
	}
	return &created.key, nil
}

// Delete deletes a key. URLs that were signed with it probably stop working; this is
// not documented. If the last key is deleted, Cloudflare creates a new one (its OpenAPI
// document). If its name is that of the deleted key, a retry may delete it, too; then
// Cloudflare creates another one. List the keys afterwards. For an unknown key, the
// error probably matches [ErrNotFound]; this is not documented either. If a retry gets
// status 404 after an attempt that may have deleted it, Delete returns nil.
func (s *SigningKeys) Delete(ctx context.Context, name string) error {
	c, err := keyCall("SigningKeys.Delete", http.MethodDelete, name)
	if err != nil {
		return err
	}
	return doDelete(ctx, s.sender, c)
}

// keyCall returns a call on the path of a key. Its response contains the values of all
// keys.
func keyCall(op, method, name string) (*send.Call, error) {
	if problem := keyNameProblem(name); problem != "" {
		return nil, &ParamError{Param: "name", Reason: problem}
	}
	return &send.Call{
		Op: op, Method: method, Path: keysPath + "/" + url.PathEscape(name), Template: keysPath + "/{name}",
		Private: true,
	}, nil
}

// keyNameProblem returns why name cannot be the name of a key, "" if it can. It is not
// documented which characters Cloudflare allows. Rejected are those that would change
// the path.
func keyNameProblem(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case name == "":
		return "is empty: give the name of a key, such as default"
	case n > maxKeyNameLength:
		return fmt.Sprintf("has %d characters, at most %d are allowed", n, maxKeyNameLength)
	case !utf8.ValidString(name) || strings.Contains(name, "/") || strings.ContainsFunc(name, unicode.IsControl) || name == "." || name == "..":
		return fmt.Sprintf("is %q, which cannot be a path segment: give a name such as default", name)
	}
	return ""
}

// keyList is the result of every call on keys: all keys.
type keyList struct{ keys []SigningKey }

func (l *keyList) read(r *send.Response) error {
	dec := r.Decoder()
	l.keys = nil
	found := false
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		if string(name) != "keys" {
			return dec.SkipValue()
		}
		found = true
		return envelope.ReadArray(dec, func() error {
			if len(l.keys) == maxSigningKeys {
				return fmt.Errorf("%w: over %d signing keys", envelope.ErrTooMany, maxSigningKeys)
			}
			var key SigningKey
			err := key.decode(dec)
			l.keys = append(l.keys, key)
			return err
		})
	})
	if err == nil && !found {
		return errors.New("the result lacks the keys")
	}
	return err
}

// createdKey is the result of a create: the key with the name, among all keys.
type createdKey struct {
	name string
	key  SigningKey
}

func (c *createdKey) read(r *send.Response) error {
	var list keyList
	if err := list.read(r); err != nil {
		return err
	}
	for _, key := range list.keys {
		if key.Name == c.name {
			c.key = key
			return nil
		}
	}
	return errors.New("the result lacks the key that was created")
}

// decode reads the next value, which must be a key.
func (k *SigningKey) decode(dec *jsontext.Decoder) error {
	var value string
	err := envelope.ReadObject(dec, func(name []byte) error {
		switch string(name) {
		case "name":
			return envelope.ReadString(dec, &k.Name)
		case "value":
			return envelope.ReadString(dec, &value)
		}
		return dec.SkipValue()
	})
	k.value = secret.New(value)
	if err == nil && (k.Name == "" || value == "") {
		return errors.New("a key without a name or a value")
	}
	return err
}
