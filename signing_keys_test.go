package cfimages_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

const keysResponse = `{"success":true,"result":{"x":1,"keys":[{"name":"default","value":"canary-one"},{"name":"2026 q/4","value":"x"},{"name":"2026","value":"canary-two","x":1}]}}`

func TestSigningKeys(t *testing.T) {
	transport := canned.JSON(keysResponse)
	keys := newClient(t, transport).SigningKeys
	list, err := keys.List(t.Context())
	require.NoError(t, err)
	var names, values []string
	for _, key := range list {
		names, values = append(names, key.Name), append(values, key.Value())
	}
	assert.Equal(t, []string{"default", "2026 q/4", "2026"}, names)
	assert.Equal(t, []string{"canary-one", "x", "canary-two"}, values)
	created, err := keys.Create(t.Context(), "2026")
	require.NoError(t, err)
	assert.Equal(t, "2026 canary-two", created.Name+" "+created.Value())
	require.NoError(t, keys.Delete(t.Context(), "a b?c"))

	for i, want := range []string{"GET images/v1/keys", "PUT images/v1/keys/2026", "DELETE images/v1/keys/a%20b%3Fc"} {
		req := transport.Requests[i]
		assert.Equal(t, strings.Replace(want, " ", " https://api.example/client/v4/accounts/acc/", 1), req.Method+" "+req.URL.String())
		assert.Empty(t, transport.Bodies[i])
	}
}

func TestSigningKeySigns(t *testing.T) {
	keys, err := newClient(t, canned.JSON(keysResponse)).SigningKeys.List(t.Context())
	require.NoError(t, err)
	signer, err := keys[0].Signer()
	require.NoError(t, err)
	same, err := cfimages.NewURLSigner("canary-one")
	require.NoError(t, err)
	link, err := signer.Sign("https://imagedelivery.net/hash/img/public", time.Unix(2_000_000_000, 0))
	require.NoError(t, err)
	assert.NoError(t, same.Verify(link, time.Unix(1_900_000_000, 0)))

	_, err = cfimages.SigningKey{Name: "a program's own"}.Signer()
	assert.ErrorIs(t, err, cfimages.ErrInvalidParams)
}

func TestSigningKeysDoNotPrint(t *testing.T) {
	keys, err := newClient(t, canned.JSON(keysResponse)).SigningKeys.List(t.Context())
	require.NoError(t, err)
	var out bytes.Buffer
	for _, value := range []any{keys, keys[0], &keys[0], map[string]any{"key": keys[0]}} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q\n", value, value, value, value, value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
		require.NoError(t, json.NewEncoder(&out).Encode(value))
	}
	assert.NotContains(t, out.String(), "canary")
	assert.Contains(t, out.String(), "default")
}

// Every response to a call on keys has values, so that no part of one is shown.
func TestSigningKeysHideMalformedResponses(t *testing.T) {
	for _, body := range []string{
		keysResponse[:len(keysResponse)-2], keysResponse + "x", `{"canary":` + keysResponse + `}`, `{"success":true,"result":["canary-one"]}`,
		`{"success":true,"result":{"keys":["canary-one"]}}`, `{"success":true,"result":{"keys":[{"value":"canary-one"}]}}`,
		`{"success":true,"result":{"keys":[{"name":"default","value":""}]}}`, `{"success":true,"result":{"keys":[{"name":"canary","value":{}}]}}`,
		`{"success":true,"result":{}}`, `{"success":true,"result":{"keys":null}}`, `{"success":true,"result":null}`, "canary-one",
	} {
		var out bytes.Buffer
		debug := cfimages.WithLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		keys := newClient(t, canned.JSON(body), debug).SigningKeys
		_, listed := keys.List(t.Context())
		_, created := keys.Create(t.Context(), "canary")
		require.ErrorIs(t, listed, cfimages.ErrMalformedResponse, body)
		require.ErrorIs(t, created, cfimages.ErrMalformedResponse, body)
		assert.ErrorIs(t, created, cfimages.ErrOutcomeUnknown, "there may be a key")
		deleted := keys.Delete(t.Context(), "canary") // which looks into no result
		fmt.Fprintf(&out, "%v %+v %v %+v %v", listed, listed, created, created, deleted)
		assert.NotContains(t, out.String(), "canary", body)
	}
	_, err := newClient(t, canned.JSON(keysResponse)).SigningKeys.Create(t.Context(), "another")
	assert.ErrorIs(t, err, cfimages.ErrMalformedResponse, "the key that was created is not among all")
	many := strings.Repeat(`{"name":"a","value":"b"},`, 1000) + `{"name":"a","value":"b"}`
	_, err = newClient(t, canned.JSON(`{"success":true,"result":{"keys":[`+many+`]}}`)).SigningKeys.List(t.Context())
	assert.ErrorIs(t, err, cfimages.ErrResponseTooLarge)
}

func TestSigningKeysReject(t *testing.T) {
	transport := canned.JSON(keysResponse)
	keys := newClient(t, transport).SigningKeys
	for _, name := range []string{"", ".", "..", "a/b", "a\n", "\xff", strings.Repeat("ü", 21)} {
		_, err := keys.Create(t.Context(), name)
		require.ErrorIs(t, err, cfimages.ErrInvalidParams, "%q", name)
		assert.NotNil(t, paramError(err, "name"))
		assert.ErrorIs(t, keys.Delete(t.Context(), name), cfimages.ErrInvalidParams, "%q", name)
	}
	assert.Empty(t, transport.Requests)
	assert.NoError(t, keys.Delete(t.Context(), strings.Repeat("ü", 20)))
}

func TestSigningKeysRetry(t *testing.T) {
	lost := func(*http.Request) (*http.Response, error) { return nil, errors.New("lost") }
	synctest.Test(t, func(t *testing.T) {
		retrying := cfimages.WithRetryPolicy(cfimages.DefaultRetryPolicy())
		transport := new(canned.Transport).ThenDo(lost).Then(200, keysResponse)
		_, err := newClient(t, transport, retrying).SigningKeys.Create(t.Context(), "2026")
		require.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
		assert.ErrorContains(t, err, "check with SigningKeys.List")
		assert.Len(t, transport.Requests, 1)

		const unknown = `{"success":false,"errors":[{"code":1,"message":"no such key"}]}`
		transport = new(canned.Transport).ThenDo(lost).Then(404, unknown)
		assert.NoError(t, newClient(t, transport, retrying).SigningKeys.Delete(t.Context(), "2026"))
	})
}
