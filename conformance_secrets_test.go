package cfimages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Secrets of every conformance case. Another is the one-time upload URL.
const (
	canaryToken      = "canary-token_0123456789abcdef"
	canaryEmail      = "canary-email@example.com"
	canaryKey        = "canary-key_0123456789abcdef"
	canarySigningKey = "canary-signing_0123456789"
)

// canaries are parts of the secrets that nothing else contains. Of an upload
// URL, neither the host nor the image's ID is a secret, but both together are.
var canaries = []string{"canary-token", "canary-email", "canary-key", "canary-signing", "imagestest-batch", imagestest.AccountHash + "/draft", imagestest.AccountHash + "/new"}

// logins are the two ways to authenticate.
var logins = []cfimages.Option{cfimages.WithAPIToken(canaryToken), cfimages.WithAPIKey(canaryEmail, canaryKey)}

// checkNoSecrets fails the test when a secret is in the log, in the server's
// record of requests, or in anything that a program can print.
func (b *bench) checkNoSecrets(t *testing.T, values ...any) {
	t.Helper()
	requests := b.server.Requests()
	told := b.log.String() + printed(append(values, requests[:min(len(requests), 20)], b.client, *b.client)...)
	for _, canary := range canaries {
		if i := strings.Index(told, canary); i >= 0 {
			t.Errorf("%s is told: …%s…", canary, told[max(0, i-300):min(len(told), i+100)])
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
	b := newBench(t, nil, nil)
	defer b.server.Close()
	require.NoError(t, doGet(t.Context(), b))
	assert.Equal(t, 2, strings.Count(b.log.String(), "cfimages request"))
	for _, secret := range []string{canaryToken, canaryEmail, canaryKey, canarySigningKey, b.uploadURL} {
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

// The signing key is not a client's, and so not in the cases.
func TestSigningKeyIsNotPrinted(t *testing.T) {
	b := newBench(t, nil, nil)
	defer b.server.Close()
	signer, err := cfimages.NewURLSigner(canarySigningKey)
	require.NoError(t, err)
	signed, err := signer.Sign("https://imagedelivery.net/h/a/public", time.Now().Add(time.Hour))
	require.NoError(t, err)
	_, notSigned := signer.Sign("http://[", time.Time{})
	require.Error(t, notSigned)
	forged, expired := signer.Verify(signed+"0", time.Now()), signer.Verify(signed, time.Now().Add(2*time.Hour))
	require.Error(t, forged)
	require.Error(t, expired)
	b.checkNoSecrets(t, signer, *signer, signed, notSigned, forged, expired)
}
