package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// output receives each write: the announcement, or a line of the log.
type output chan string

func (o output) Write(p []byte) (int, error) {
	o <- string(p)
	return len(p), nil
}

// environment is what SDKs read from the environment.
type environment struct {
	BaseURL   string `json:"CLOUDFLARE_BASE_URL"`
	AccountID string `json:"CLOUDFLARE_ACCOUNT_ID"`
	APIToken  string `json:"CLOUDFLARE_API_TOKEN"`
}

// start runs the program on a free port, and returns what it announces and its
// log, which is closed when it ends: at the latest with the test.
func start(t *testing.T, args string) (env environment, stderr output, stop func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdout, stderr := make(output, 1), make(output, 100)
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, strings.Fields("-addr 127.0.0.1:0 "+args), stdout, stderr)
		close(stderr)
	}()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	text := <-stdout
	if strings.Contains(args, "-json") {
		assert.Equal(t, len(text)-1, strings.Index(text, "\n"), "it is one line")
		require.NoError(t, json.Unmarshal([]byte(text), &env))
		return env, stderr, stop
	}
	_, err := fmt.Sscanf(text, "CLOUDFLARE_BASE_URL=%s\nCLOUDFLARE_ACCOUNT_ID=%s\nCLOUDFLARE_API_TOKEN=%s\n", &env.BaseURL, &env.AccountID, &env.APIToken)
	require.NoError(t, err)
	return env, stderr, stop
}

// client returns a client that does not retry, with a transport of its own.
func (e environment) client(t *testing.T, transport *http.Transport) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(cfimages.WithBaseURL(e.BaseURL), cfimages.WithAccountID(e.AccountID), cfimages.WithAPIToken(e.APIToken),
		cfimages.WithRetryPolicy(cfimages.RetryPolicy{}), cfimages.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	return client
}

func list(t *testing.T, client *cfimages.Client, conditions ...cfimages.Condition) (images int, err error) {
	page, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{Meta: cfimages.Where(conditions...)})
	if err != nil {
		return 0, err
	}
	return len(page.Images), nil
}

func TestServesWhatItAnnounces(t *testing.T) {
	for _, form := range []string{"", "-json"} {
		env, stderr, stop := start(t, "-images 30 "+form)
		client := env.client(t, &http.Transport{})
		images, err := list(t, client, cfimages.Eq("region.name", "eu-west"), cfimages.Gte("priority", 4))
		require.NoError(t, err)
		assert.Equal(t, 4, images)

		upload, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
		require.NoError(t, err)
		_, err = client.DirectUploads.Upload(t.Context(), upload.UploadURL, cfimages.File{Body: strings.NewReader("\x89PNG\r\n\x1a\n")})
		require.NoError(t, err)
		img, err := client.ImagesV1.Get(t.Context(), upload.ID)
		require.NoError(t, err)
		delivered, err := http.Get(img.Variants[0])
		require.NoError(t, err)
		delivered.Body.Close()
		assert.Equal(t, http.StatusOK, delivered.StatusCode)

		stop()
		var log []string
		for line := range stderr {
			log = append(log, line)
		}
		require.Len(t, log, 5)
		assert.Contains(t, log[0], " 200 GET    /client/v4/accounts/"+env.AccountID+"/images/v2?meta.priority[gte:number]=4&meta.region.name[eq:string]=eu-west  ")
		assert.Contains(t, log[1], " 200 POST   ")
		_, err = net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(env.BaseURL, "http://"), "/client/v4"))
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
}

func TestTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cert.pem")
	env, _, _ := start(t, "-tls "+file)
	require.True(t, strings.HasPrefix(env.BaseURL, "https://127.0.0.1:"), env.BaseURL)

	cert, err := os.ReadFile(file)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(cert))
	client := env.client(t, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}})
	upload, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(upload.UploadURL, "https://"), "one-time URLs are https, too")
}

func TestRate(t *testing.T) {
	env, _, _ := start(t, "-rate 2/1h")
	for _, want := range []error{nil, nil, cfimages.ErrRateLimited} {
		_, err := list(t, env.client(t, &http.Transport{})) // a new one does not know of the limit
		assert.ErrorIs(t, err, want)
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts, err := parseArgs([]string{"-latency", "3s"}, io.Discard)
		require.NoError(t, err)
		server := newServer(opts)
		defer server.Close()
		started := time.Now()
		_, err = list(t, server.Client())
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(started))
	})
}

func TestFail(t *testing.T) {
	env, _, _ := start(t, "-fail list=503*2 -fail list=edge -fail list=reset -fail create=lost -fail get=429")
	// On a connection that was used before, net/http would retry a GET by itself.
	client := env.client(t, &http.Transport{DisableKeepAlives: true})
	for _, want := range []int{503, 503, 502} {
		_, err := list(t, client)
		var failed *cfimages.Error
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, want, failed.StatusCode)
	}
	_, err := list(t, client)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	_, err = list(t, client)
	assert.NoError(t, err)
	_, err = client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{ID: "mine"})
	assert.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	_, err = client.ImagesV1.Get(t.Context(), "mine")
	assert.ErrorIs(t, err, cfimages.ErrRateLimited)
	draft, err := client.ImagesV1.Get(t.Context(), "mine")
	require.NoError(t, err, "it was created, only the response was lost")
	assert.True(t, draft.Draft)
}

func TestFailKnowsEveryOperation(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	inHelp := regexp.MustCompile(`[a-z]+`).FindAllString(failUsage, -1)
	inReadme := regexp.MustCompile("`[a-z]+`").FindAllString(string(readme), -1)
	var known []imagestest.Operation
	for name, op := range operations() {
		opts, err := parseArgs([]string{"-fail", name + "=503"}, io.Discard)
		require.NoError(t, err, name)
		require.Len(t, opts.faults, 1, name)
		assert.Equal(t, op, opts.faults[0].Operation, name)
		assert.Contains(t, inHelp, name)
		assert.Contains(t, inReadme, "`"+name+"`")
		known = append(known, op)
	}
	assert.ElementsMatch(t, declaredOperations(t), known)
}

// declaredOperations returns the constants of imagestest, as its source has them.
func declaredOperations(t *testing.T) (ops []imagestest.Operation) {
	t.Helper()
	source, err := os.ReadFile("../../imagestest/operation.go")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`Operation\s+= "([^"]+)"`).FindAllSubmatch(source, -1) {
		ops = append(ops, imagestest.Operation(match[1]))
	}
	require.NotEmpty(t, ops)
	return ops
}

func TestSource(t *testing.T) {
	const picture = "\x89PNG\r\n\x1a\n"
	file := filepath.Join(t.TempDir(), "cat.png")
	require.NoError(t, os.WriteFile(file, []byte(picture), 0o600))
	env, _, _ := start(t, "-source https://example.com/cat.png?size=big="+file)
	client := env.client(t, &http.Transport{})
	img, err := client.ImagesV1.UploadFromURL(t.Context(), "https://example.com/cat.png?size=big", cfimages.UploadParams{})
	require.NoError(t, err)
	assert.Equal(t, "cat.png", img.Filename)
	delivered, err := http.Get(img.Variants[0])
	require.NoError(t, err)
	defer delivered.Body.Close()
	body, err := io.ReadAll(delivered.Body)
	require.NoError(t, err)
	assert.Equal(t, picture, string(body))

	_, err = client.ImagesV1.UploadFromURL(t.Context(), "https://example.com/dog.png", cfimages.UploadParams{})
	assert.ErrorIs(t, err, cfimages.ErrBadRequest, "no other source is found")
}

func TestPage(t *testing.T) {
	_, stderr, _ := start(t, "-page 127.0.0.1:0 -images 3")
	url, found := strings.CutPrefix(<-stderr, "open ")
	require.True(t, found)
	resp, err := http.Get(strings.TrimSpace(url) + "/images")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.JSONEq(t, `{"images":[],"next":""}`, string(body), "the seeded images are not the page's own")
	assert.Contains(t, <-stderr, "/images/v2", "the page asks the server")
}

func TestBaseURL(t *testing.T) {
	for host, want := range map[string]string{
		"192.0.2.7": "http://192.0.2.7:8787/client/v4",
		"::1":       "http://[::1]:8787/client/v4",
		"0.0.0.0":   "http://127.0.0.1:8787/client/v4",
		"::":        "http://127.0.0.1:8787/client/v4",
	} {
		assert.Equal(t, want, baseURL(&net.TCPAddr{IP: net.ParseIP(host), Port: 8787}, false), host)
	}
}

func TestWrongUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"-help", 0, ""},
		{"-images -1", 2, "-images must not be negative"},
		{"-rate 1200", 2, "such as 1200/5m"},
		{"-rate 0/5m", 2, "such as 1200/5m"},
		{"-rate 5/1ms", 2, "such as 1200/5m"},
		{"-latency -1s", 2, "must not be negative"},
		{"-fail list", 2, "such as list=503"},
		{"-fail walk=503", 2, "one of batchtoken, blob, configure, create, createkey, "},
		{"-fail list=200", 2, "a status from 400 to 599"},
		{"-fail list=503*0", 2, "times must be a number from 1"},
		{"-source cat.png", 2, "must be URL=file"},
		{"-source ftp://example.com/cat.png=main.go", 2, "an absolute http or https URL"},
		{"-source https://example.com/cat.png=missing.png", 2, "missing.png: no such file"},
		{"-page :0 -tls cert.pem", 2, "exclude each other"},
		{"now", 2, `unexpected argument "now"`},
		{"-addr " + taken.Addr().String(), 1, "address already in use"},
		{"-addr 127.0.0.1:0 -page " + taken.Addr().String(), 1, "address already in use"},
		{"-addr 127.0.0.1:0 -tls " + filepath.Join(t.TempDir(), "no", "cert.pem"), 1, "no such file"},
	} {
		var stderr bytes.Buffer
		code := program.ExitCode("localserver", run(t.Context(), strings.Fields(test.args), io.Discard, io.Discard), &stderr)
		assert.Equal(t, test.code, code, test.args)
		assert.Contains(t, stderr.String(), test.want, test.args)
	}
}

func TestRequestLogStaysOnItsLines(t *testing.T) {
	var lines bytes.Buffer
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	req, err := http.NewRequest(http.MethodGet, "/a%0Ab?meta.s[eq]=x%0A12:00:00+200", nil)
	require.NoError(t, err)
	logRequests(silent, &lines).ServeHTTP(nil, req)
	assert.Equal(t, 1, strings.Count(lines.String(), "\n"))
	assert.Contains(t, lines.String(), "/a%0Ab?meta.s[eq]=x%0A12:00:00+200")
}
