package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/examples/internal/program"
)

func TestServesThePageInProcess(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0"}, w, io.Discard)
		w.CloseWithError(err)
		ended <- err
	}()
	line := make([]byte, 100)
	n, err := stdout.Read(line)
	require.NoError(t, err)
	base, found := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "open ")
	require.True(t, found)
	get := func(path string) string {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(text)
	}
	assert.Contains(t, get("/"), "stored in memory")
	assert.Contains(t, get("/"), `id="private"`)
	assert.JSONEq(t, `{"images":[],"next":""}`, get("/images"))

	stop()
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	assert.Error(t, err)
}

func TestConnectsToCloudflare(t *testing.T) {
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "account")
	t.Setenv("CLOUDFLARE_API_TOKEN", "token")
	for key, want := range map[string]struct{ signs, fails bool }{
		"":                           {false, false},
		"key":                        {true, false},
		"pasted with a line break\n": {false, true},
	} {
		t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", key)
		config, _, err := connect(true)
		assert.Equal(t, want.fails, err != nil, key)
		assert.Equal(t, want.signs, config.Signer != nil, key)
		assert.Equal(t, want.fails, config.Client == nil, key)
		assert.True(t, config.FlexibleVariants)
		assert.Equal(t, "https://upload.imagedelivery.net", config.UploadOrigin)
		assert.Equal(t, "https://imagedelivery.net", config.DeliveryOrigin)
	}
}

func TestInvalidCommandLines(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for args, want := range map[string]struct {
		code   int
		stderr string
	}{
		"-help":                          {0, ""},
		"-port 80":                       {2, "-port"},
		"now":                            {2, `unexpected argument "now"`},
		"-addr " + taken.Addr().String(): {1, "address already in use"},
	} {
		var stderr bytes.Buffer
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		assert.Equal(t, want.code, program.ExitCode("uploadpage", err, &stderr), args)
		assert.Contains(t, stderr.String(), want.stderr, args)
	}
}

func TestGuardHost(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for host, want := range map[string]int{
		"127.0.0.1:8080": 204, "localhost:8080": 204, "[::1]:8080": 204, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		for address, want := range map[string]int{"127.0.0.1": want, "0.0.0.0": 204} {
			w := httptest.NewRecorder()
			guardHost(&net.TCPAddr{IP: net.ParseIP(address)}, served).ServeHTTP(w, r)
			assert.Equal(t, want, w.Code, "%q, listening on %s", host, address)
		}
	}
}
