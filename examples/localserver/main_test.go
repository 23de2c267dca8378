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
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

// asProgram makes the test binary be the program, for tests of the process.
const asProgram = "LOCALSERVER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// output receives each write: the announcement, or a line of the log.
type output chan string

func (o output) Write(p []byte) (int, error) {
	o <- string(p)
	return len(p), nil
}

// environment parses the three lines.
func (o output) environment(t *testing.T) (env environment) {
	t.Helper()
	_, err := fmt.Sscanf(<-o, "CLOUDFLARE_BASE_URL=%s\nCLOUDFLARE_ACCOUNT_ID=%s\nCLOUDFLARE_API_TOKEN=%s\n",
		&env.BaseURL, &env.AccountID, &env.APIToken)
	require.NoError(t, err)
	return env
}

// start runs the program on a free port. Both channels are closed when it ends,
// which it does at the latest with the test.
func start(t *testing.T, args ...string) (stdout, stderr output, stop func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdout, stderr = make(output, 100), make(output, 100)
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), stdout, stderr)
		close(stdout)
		close(stderr)
	}()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	return stdout, stderr, stop
}

func (e environment) client(t *testing.T, opts ...cfimages.Option) *cfimages.Client {
	t.Helper()
	client, err := cfimages.NewClient(append(opts,
		cfimages.WithBaseURL(e.BaseURL),
		cfimages.WithAccountID(e.AccountID),
		cfimages.WithAPIToken(e.APIToken))...)
	require.NoError(t, err)
	return client
}

func TestServesWhatItAnnounces(t *testing.T) {
	stdout, stderr, stop := start(t, "-images", "30")
	env := stdout.environment(t)
	client := env.client(t)
	page, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{
		Meta: cfimages.Where(cfimages.Eq("region.name", "eu-west"), cfimages.Gte("priority", 4)),
	})
	require.NoError(t, err)
	assert.Len(t, page.Images, 4)

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

func TestJSON(t *testing.T) {
	stdout, _, _ := start(t, "-json")
	line := <-stdout
	assert.Equal(t, len(line)-1, strings.Index(line, "\n"), "it is one line")
	var env environment
	require.NoError(t, json.Unmarshal([]byte(line), &env))
	_, err := env.client(t).ImagesV2.List(t.Context(), cfimages.ListParams{})
	assert.NoError(t, err)
	for _, name := range []string{"CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"} {
		assert.Contains(t, line, `"`+name+`":`)
	}
}

func TestTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cert.pem")
	stdout, _, _ := start(t, "-tls", file)
	env := stdout.environment(t)
	require.True(t, strings.HasPrefix(env.BaseURL, "https://127.0.0.1:"), env.BaseURL)

	cert, err := os.ReadFile(file)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(cert))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	client := env.client(t, cfimages.WithHTTPClient(&http.Client{Transport: transport}))
	upload, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(upload.UploadURL, "https://"), "one-time URLs are https, too")
}

func TestRate(t *testing.T) {
	stdout, _, _ := start(t, "-rate", "2/1h")
	env := stdout.environment(t)
	for _, want := range []error{nil, nil, cfimages.ErrRateLimited} {
		client := env.client(t, cfimages.WithRetryPolicy(cfimages.RetryPolicy{})) // a new one does not know of the limit
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		assert.ErrorIs(t, err, want)
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts, err := parseArgs([]string{"-latency", "3s"}, io.Discard)
		require.NoError(t, err)
		server := newServer(opts)
		defer server.Close()
		asked := time.Now()
		_, err = server.Client().ImagesV2.List(t.Context(), cfimages.ListParams{})
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(asked))
	})
}

func TestPage(t *testing.T) {
	_, stderr, _ := start(t, "-page", "127.0.0.1:0", "-images", "3")
	url, found := strings.CutPrefix(<-stderr, "open ")
	require.True(t, found)
	resp, err := http.Get(strings.TrimSpace(url) + "/images")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
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
		assert.Equal(t, want, baseURL(&net.TCPAddr{IP: net.ParseIP(host), Port: 8787}), host)
	}
}

func TestWrongUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-help"}, 0, ""},
		{[]string{"-images", "-1"}, 2, "-images must not be negative"},
		{[]string{"-rate", "1200"}, 2, "such as 1200/5m"},
		{[]string{"-rate", "0/5m"}, 2, "such as 1200/5m"},
		{[]string{"-rate", "5/1ms"}, 2, "such as 1200/5m"},
		{[]string{"-latency", "-1s"}, 2, "must not be negative"},
		{[]string{"-fail", "list"}, 2, "such as list=503"},
		{[]string{"-fail", "walk=503"}, 2, "one of batchtoken, blob, create, delete, delivery, get, list, upload"},
		{[]string{"-fail", "list=200"}, 2, "a status from 400 to 599"},
		{[]string{"-fail", "list=503*0"}, 2, "times must be a number from 1"},
		{[]string{"-page", ":0", "-tls", "cert.pem"}, 2, "exclude each other"},
		{[]string{"now"}, 2, `unexpected argument "now"`},
		{[]string{"-addr", taken.Addr().String()}, 1, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-page", taken.Addr().String()}, 1, "address already in use"},
		{[]string{"-addr", "127.0.0.1:0", "-tls", filepath.Join(t.TempDir(), "no", "cert.pem")}, 1, "no such file"},
	} {
		var stderr bytes.Buffer
		code := program.ExitCode("localserver", run(t.Context(), test.args, io.Discard, io.Discard), &stderr)
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

func TestSignalsEndTheProgram(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		stdout := make(output, 1)
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
		cmd.Stdout = stdout
		require.NoError(t, cmd.Start())
		_, err := stdout.environment(t).client(t).ImagesV2.List(t.Context(), cfimages.ListParams{})
		assert.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(signal))
		assert.NoError(t, cmd.Wait(), "ends with exit code 0")
	}
}
