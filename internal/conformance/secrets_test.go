package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// Secrets of every conformance case. Another is the one-time upload URL.
const (
	canaryToken      = "canary-token_0123456789abcdef"
	canaryEmail      = "canary-email@example.com"
	canaryKey        = "canary-key_0123456789abcdef"
	canarySigningKey = "canary-signing_0123456789"
	canaryNewKey     = "hugb57ovlVEOg" // begins the key that the server generates first
	canaryPassword   = "canary-password"
	canarySignature  = "canary-signature_0123456789"
)

// canaries are parts of the secrets that nothing else contains. Of an upload
// URL, neither the host nor the image's ID is a secret, but both together are.
var canaries = []string{"canary-token", "canary-email", "canary-key", "canary-sign", canaryNewKey, imagestest.SigningKey, "canary-password", "imagestest-batch", imagestest.AccountHash + "/draft", imagestest.AccountHash + "/new"}

// logins are the kinds of credentials.
var logins = []cfimages.Option{
	cfimages.WithAPIToken(canaryToken),
	cfimages.WithAPIKey(canaryEmail, canaryKey),
	cfimages.WithTokenSource(func(context.Context) (string, error) { return canaryToken, nil }),
}

// checkNoSecrets fails the test when a secret is in the log, in the server's
// record of requests, or in anything that a program can print.
func (f *fixture) checkNoSecrets(t *testing.T, values ...any) {
	t.Helper()
	requests := f.server.Requests()
	text := f.log.String() + printed(append(values, requests[:min(len(requests), 20)], f.client, *f.client)...)
	for _, canary := range canaries {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("%s is printed: …%s…", canary, text[max(0, i-300):min(len(text), i+100)])
		}
	}
}

// printed returns all that fmt, slog and encoding/json make of values.
func printed(values ...any) string {
	var out bytes.Buffer
	logger := slog.New(canaryHandler(&out))
	for _, value := range values {
		fmt.Fprintf(&out, "%v\n%+v\n%#v\n%s\n%q\n", value, value, value, value, value)
		logger.Error("failed", "value", value)
		json.NewEncoder(&out).Encode(value) // not everything can be encoded
	}
	return out.String()
}

// canaryHandler writes debug records as text and as JSON.
func canaryHandler(out *bytes.Buffer) slog.Handler {
	w := &lockedWriter{out: out}
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.NewMultiHandler(slog.NewTextHandler(w, debug), slog.NewJSONHandler(w, debug))
}

// lockedWriter lets two handlers write to one buffer.
type lockedWriter struct {
	mu  sync.Mutex
	out *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

// The search must find a canary in each sink.
func TestPrintedFindsSecrets(t *testing.T) {
	for _, canary := range canaries {
		assert.Equal(t, 5+2+1, strings.Count(printed(canary), canary))
	}
	f := newFixture(t, http1, nil, nil)
	defer f.server.Close()
	require.NoError(t, doGet(t.Context(), f))
	assert.Equal(t, 2, strings.Count(f.log.String(), "cfimages request"))
	for _, secret := range []string{canaryToken, canaryEmail, canaryKey, canarySigningKey, canarySignature, sourceURL, f.uploadURL} {
		assert.True(t, containsAny(secret, canaries), secret)
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// The key of a URLSigner is not used by a client, so it is not in the cases.
func TestSigningKeyIsNotPrinted(t *testing.T) {
	f := newFixture(t, http1, nil, nil)
	defer f.server.Close()
	signer, err := cfimages.NewURLSigner(canarySigningKey)
	require.NoError(t, err)
	signed, err := signer.Sign("https://imagedelivery.net/h/a/public", time.Now().Add(time.Hour))
	require.NoError(t, err)
	_, notSigned := signer.Sign("http://[", time.Time{})
	require.Error(t, notSigned)
	forged, expired := signer.Verify(signed+"0", time.Now()), signer.Verify(signed, time.Now().Add(2*time.Hour))
	require.Error(t, forged)
	require.Error(t, expired)
	f.checkNoSecrets(t, signer, *signer, signed, notSigned, forged, expired)
}

func TestSecretsDoNotPrint(t *testing.T) {
	token := newClient(t, canned.JSON(canned.EmptyPage), cfimages.WithAPIToken("canary-token"))
	key := newClient(t, canned.JSON(canned.EmptyPage), cfimages.WithAPIKey("canary@example.com", "canary-key"))
	upload := &cfimages.DirectUpload{ID: "img", UploadURL: "https://upload.example/canary/link?canary=1"}
	broken := cfimages.DirectUpload{ID: "img", UploadURL: "canary \x00"}
	var out bytes.Buffer
	for _, value := range []any{token, *token, key, *key, key.ImagesV2, *key.DirectUploads, upload, *upload, broken} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q\n", value, value, value, value, value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
	}
	encoded, err := json.Marshal([]any{token, key})
	require.NoError(t, err)
	out.Write(encoded)
	assert.NotContains(t, out.String(), "canary")
	assert.Contains(t, out.String(), "https://upload.example/[redacted]")

	encoded, err = json.Marshal(upload)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"img","uploadURL":"https://upload.example/canary/link?canary=1"}`, string(encoded), "a browser is to have it")
}

// Credentials that the server sends back reach no error and no log.
func TestSecretsEchoedByTheServer(t *testing.T) {
	shapes := []string{
		`%s`,
		`{"success":false,"errors":[{"code":1,"message":"%[1]s","documentation_url":"%[1]s","source":{"pointer":"%[1]s"}}]}`,
		`{"result":{"%s":}}`,
		`{"success":true,"result":{"%s":[`,
	}
	logins := []cfimages.Option{cfimages.WithAPIToken("canary-token"), cfimages.WithAPIKey("canary@example.com", "canary-key")}
	for _, status := range []int{200, 403, 500} {
		for _, shape := range shapes {
			for _, login := range logins {
				var log bytes.Buffer
				transport := new(canned.Transport).ThenDo(func(req *http.Request) (*http.Response, error) {
					text := req.Header.Get("Authorization") + req.Header.Get("X-Auth-Email") + " " + req.Header.Get("X-Auth-Key")
					return canned.Response(status, fmt.Sprintf(shape, text), "Cf-Ray", text), nil
				})
				client := newClient(t, transport, login, cfimages.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
				_, err := client.ImagesV1.Get(t.Context(), "img")
				require.Error(t, err)
				fmt.Fprintf(&log, "%v %+v %#v", err, err, err)
				slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "err", err)
				assert.NotContains(t, log.String(), "canary")
				assert.Contains(t, log.String(), "[redacted]")
			}
		}
	}
}

// A secret at the place where a text is cut does not remain in part.
func TestSecretsAreRedactedBeforeACut(t *testing.T) {
	const token = "canary-0123456789-0123456789"
	for pad := range 100 {
		body := strings.Repeat(" ", 1024-pad) + token + strings.Repeat("x", 2000)
		_, err := newClient(t, new(canned.Transport).Then(502, body), cfimages.WithAPIToken(token)).ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary", pad)
	}
	err := fmt.Errorf("%+v", func() error {
		_, err := newClient(t, canned.JSON(canned.Page(`"`+token+`"`, "a"), ""), cfimages.WithAPIToken(token)).ImagesV2.List(t.Context(), cfimages.ListParams{})
		return err
	}())
	assert.NotContains(t, err.Error(), "canary")
}

// Redaction changes the text of an error, and not its cause.
func TestRedactedErrorsKeepTheirCause(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("proxy says canary-token: %w", syscall.ECONNREFUSED)}
	transport := new(canned.Transport).ThenDo(func(*http.Request) (*http.Response, error) { return nil, refused })
	client := newClient(t, transport, cfimages.WithAPIToken("canary-token"), cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 3}))
	_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.NotErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	assert.NotContains(t, err.Error(), "canary")
	assert.Len(t, transport.Requests, 3)
}

func TestBatchErrorsHideTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hosts := &twoHosts{life: time.Hour}
		hosts.onBatch = func(_ int, token string) *http.Response {
			return canned.Response(500, fmt.Sprintf(`{"success":false,"errors":[{"code":1,"message":"token %s is odd"}],"result":null}`, token))
		}
		client := hosts.client(t, logTo(&log, slog.LevelDebug))
		_, err := client.ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%+v %#v", client, client), log.String()} {
			assert.NotContains(t, text, "canary-batch")
		}
		assert.ErrorContains(t, err, "token [redacted] is odd")
	})
}

// An excerpt of a response may end in the middle of a token.
func TestBatchErrorsHideALongToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("canary", 250)
		hosts := &twoHosts{}
		hosts.fetch = func(int, *http.Request) *http.Response {
			return canned.Response(http.StatusOK, fmt.Sprintf(`{"success":true,"result":{"token":%q,"expiresAt":"2099-01-01T00:00:00Z"}}`, long))
		}
		hosts.onBatch = func(_ int, token string) *http.Response {
			return canned.Response(http.StatusBadRequest, "what is "+token)
		}
		_, err := hosts.client(t).ImagesV1.Get(t.Context(), "img")
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	})
}
