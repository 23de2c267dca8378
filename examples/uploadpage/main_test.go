package main

import (
	"bufio"
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
)

func TestServesThePageInProcess(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"} {
		t.Setenv(name, "")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0"}, w, io.Discard)
		w.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	base := strings.TrimSpace(strings.TrimPrefix(line, "open "))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}

	body := get(t, client, base+"/")
	assert.Contains(t, body, "kept in memory")
	assert.Contains(t, body, `id="private"`)
	assert.JSONEq(t, `{"images":[],"next":""}`, get(t, client, base+"/images"))

	stop()
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	assert.Error(t, err)
}

func get(t *testing.T, client *http.Client, url string) (body string) {
	t.Helper()
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

func TestConnectsToCloudflare(t *testing.T) {
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "account")
	t.Setenv("CLOUDFLARE_API_TOKEN", "token")
	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "")
	config, _, err := connect()
	require.NoError(t, err)
	assert.NotNil(t, config.Client)
	assert.Nil(t, config.Signer)
	assert.Equal(t, "https://upload.imagedelivery.net", config.UploadOrigin)
	assert.Equal(t, "https://imagedelivery.net", config.DeliveryOrigin)

	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "key")
	config, _, err = connect()
	require.NoError(t, err)
	assert.NotNil(t, config.Signer)

	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "pasted with a line break\n")
	_, _, err = connect()
	assert.Error(t, err)
}

func TestWrongUse(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-help"}, 0, ""},
		{[]string{"-port", "80"}, 2, "-port"},
		{[]string{"now"}, 2, `unexpected argument "now"`},
		{[]string{"-addr", taken.Addr().String()}, 1, "address already in use"},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, test.code, exitCode(run(t.Context(), test.args, io.Discard, io.Discard), &stderr), test.args)
		assert.Contains(t, stderr.String(), test.want, test.args)
	}
}

func TestGuardHost(t *testing.T) {
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for host, want := range map[string]int{
		"127.0.0.1:8080": 204, "localhost:8080": 204, "[::1]:8080": 204, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "": 421,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		guardHost(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, served).ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, host)
		w = httptest.NewRecorder()
		guardHost(&net.TCPAddr{IP: net.IPv4zero}, served).ServeHTTP(w, r)
		assert.Equal(t, 204, w.Code, "served to others too")
	}
}
