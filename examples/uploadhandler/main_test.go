package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser sends the requests that the page of an application would send.
type browser struct {
	t      *testing.T
	client *http.Client
}

// post sends JSON and decodes the JSON of the response.
func (b browser) post(url, body string) (status int, response map[string]any) {
	b.t.Helper()
	resp, err := b.client.Post(url, "application/json", strings.NewReader(body))
	require.NoError(b.t, err)
	defer resp.Body.Close()
	require.NoError(b.t, json.NewDecoder(resp.Body).Decode(&response))
	return resp.StatusCode, response
}

// upload sends a form with one file, as a browser does.
func (b browser) upload(url string) (status int) {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "cat.png")
	require.NoError(b.t, err)
	_, err = io.WriteString(part, "\x89PNG\r\n\x1a\n")
	require.NoError(b.t, err)
	require.NoError(b.t, w.Close())
	resp, err := b.client.Post(url, w.FormDataContentType(), &form)
	require.NoError(b.t, err)
	resp.Body.Close()
	return resp.StatusCode
}

func TestBrowserUploads(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"} {
		t.Setenv(name, "")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, w := io.Pipe()
	var log bytes.Buffer // complete after the program has ended
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0"}, w, &log)
		w.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	base := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	b := browser{t, &http.Client{Transport: transport}}

	status, created := b.post(base+"/uploads", `{"title":"my cat"}`)
	require.Equal(t, http.StatusCreated, status)
	assert.Len(t, created, 2)
	id, uploadURL := created["id"].(string), created["uploadURL"].(string)
	done := base + "/uploads/" + id + "/done"

	status, response := b.post(done, "")
	assert.Equal(t, http.StatusConflict, status)
	assert.Contains(t, response["error"], "not completed")

	require.Equal(t, http.StatusOK, b.upload(uploadURL))
	status, response = b.post(done, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, id, response["id"])
	assert.Len(t, response["variants"], 1)

	assert.Equal(t, http.StatusConflict, b.upload(uploadURL), "the URL works only once")

	stop()
	require.NoError(t, <-ended)
	assert.Contains(t, log.String(), id)
	assert.NotContains(t, log.String(), uploadURL)
	_, err = net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	assert.Error(t, err)
}

func TestInvalidCommandLines(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-help"}, 0, "^Usage: uploadhandler \\[flags\\]\n\n  -addr address\n", "^$"},
		{[]string{"-port", "80"}, 2, "^$", "-port"},
		{[]string{"now"}, 2, "^$", `unexpected argument "now"`},
		{[]string{"-addr", taken.Addr().String()}, 1, "^$", "address already in use"},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, test.code, exitCode(run(t.Context(), test.args, &stdout, io.Discard), &stderr), test.args)
		assert.Regexp(t, test.stdout, stdout.String(), test.args)
		assert.Regexp(t, test.stderr, stderr.String(), test.args)
	}
}
