package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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
	"github.com/cfimages/cfimages-go/imagestest"
)

// asProgram makes the test binary be the program, for tests of the process.
const asProgram = "LOCALSERVER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a run of the program that listens on a free port.
type program struct {
	stdout *bufio.Reader
	log    bytes.Buffer // complete after stop
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stdout, w := io.Pipe()
	p := &program{stdout: bufio.NewReader(stdout), cancel: cancel, ended: make(chan error, 1)}
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), w, &p.log)
		w.CloseWithError(err)
		p.ended <- err
	}()
	t.Cleanup(func() { p.cancel() })
	return p
}

func (p *program) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	require.NoError(t, <-p.ended)
}

// environment reads the three lines.
func (p *program) environment(t *testing.T) environment {
	t.Helper()
	var values []string
	for _, name := range []string{"CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"} {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err)
		value, found := strings.CutPrefix(line, name+"=")
		require.True(t, found, line)
		values = append(values, strings.TrimSpace(value))
	}
	return environment{values[0], values[1], values[2]}
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
	p := start(t, "-images", "30")
	env := p.environment(t)
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

	p.stop(t)
	_, err = net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(env.BaseURL, "http://"), "/client/v4"))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	log := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	require.Len(t, log, 5)
	assert.Contains(t, log[0], " 200 GET    /client/v4/accounts/"+env.AccountID+"/images/v2?meta.priority[gte:number]=4&meta.region.name[eq:string]=eu-west  ")
	assert.Contains(t, log[1], " 200 POST   ")
}

func TestJSON(t *testing.T) {
	p := start(t, "-json")
	line, err := p.stdout.ReadBytes('\n')
	require.NoError(t, err)
	var env map[string]string
	require.NoError(t, json.Unmarshal(line, &env))
	assert.Len(t, env, 3)
	_, err = environment{env["CLOUDFLARE_BASE_URL"], env["CLOUDFLARE_ACCOUNT_ID"], env["CLOUDFLARE_API_TOKEN"]}.
		client(t).ImagesV2.List(t.Context(), cfimages.ListParams{})
	assert.NoError(t, err)
	p.stop(t)
}

func TestTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cert.pem")
	p := start(t, "-tls", file)
	env := p.environment(t)
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
	p.stop(t)
}

func TestRate(t *testing.T) {
	p := start(t, "-rate", "2/1h")
	env := p.environment(t)
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env.BaseURL+"/accounts/"+env.AccountID+"/images/v2", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+env.APIToken)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode)
	}
	p.stop(t)
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

func TestFail(t *testing.T) {
	p := start(t, "-fail", "list=503*2", "-fail", "list=edge", "-fail", "list=reset", "-fail", "create=lost", "-fail", "get=429")
	// On a connection that has served before, net/http would repeat a GET by itself.
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	client := p.environment(t).client(t, cfimages.WithHTTPClient(fresh), cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	list := func() error {
		_, err := client.ImagesV2.List(t.Context(), cfimages.ListParams{})
		return err
	}
	for _, want := range []int{503, 503, 502} {
		var failed *cfimages.Error
		require.ErrorAs(t, list(), &failed)
		assert.Equal(t, want, failed.StatusCode)
	}
	assert.ErrorIs(t, list(), syscall.ECONNRESET)
	assert.NoError(t, list())
	_, err := client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{ID: "mine"})
	assert.ErrorIs(t, err, cfimages.ErrOutcomeUnknown)
	_, err = client.ImagesV1.Get(t.Context(), "mine")
	assert.ErrorIs(t, err, cfimages.ErrRateLimited)
	draft, err := client.ImagesV1.Get(t.Context(), "mine")
	require.NoError(t, err, "it was created all the same")
	assert.True(t, draft.Draft)
	p.stop(t)
}

func TestFailKnowsEveryOperation(t *testing.T) {
	for name, op := range map[string]imagestest.Operation{
		"list": imagestest.OpList, "create": imagestest.OpCreate, "upload": imagestest.OpUpload, "get": imagestest.OpGet, "blob": imagestest.OpBlob,
		"delete": imagestest.OpDelete, "batchtoken": imagestest.OpBatchToken, "delivery": imagestest.OpDeliver,
	} {
		opts, err := parseArgs([]string{"-fail", name + "=503"}, io.Discard)
		require.NoError(t, err, name)
		server := newServer(opts)
		require.Len(t, server.Unused(), 1, name)
		assert.Equal(t, op, server.Unused()[0].Operation, name)
		server.Close()
		assert.Contains(t, failUsage, name)
	}
}

func TestPage(t *testing.T) {
	log := newLineReader()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-page", "127.0.0.1:0", "-images", "3"}, io.Discard, log.w)
	}()
	url, found := strings.CutPrefix(log.next(t), "open ")
	require.True(t, found)
	resp, err := http.Get(url + "/images")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.JSONEq(t, `{"images":[],"next":""}`, string(body), "the seeded images are not the page's own")
	assert.Contains(t, log.next(t), "/images/v2", "the page asks the server")
	cancel()
	require.NoError(t, <-ended)
	log.w.Close()
}

// lineReader reads what a program logs, while it runs.
type lineReader struct {
	lines chan string
	w     *io.PipeWriter
}

func newLineReader() *lineReader {
	r, w := io.Pipe()
	l := &lineReader{make(chan string, 100), w}
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			l.lines <- lines.Text()
		}
	}()
	return l
}

func (l *lineReader) next(t *testing.T) string {
	t.Helper()
	select {
	case line := <-l.lines:
		return line
	case <-t.Context().Done():
		t.Fatal("no line")
		return ""
	}
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
		{[]string{"-addr", "127.0.0.1:0", "-tls", filepath.Join(t.TempDir(), "no", "cert.pem")}, 1, "no such file"},
	} {
		var stderr bytes.Buffer
		code := exitCode(run(t.Context(), test.args, io.Discard, io.Discard), &stderr)
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
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		p := &program{stdout: bufio.NewReader(stdout)}
		_, err = p.environment(t).client(t).ImagesV2.List(t.Context(), cfimages.ListParams{})
		assert.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(signal))
		assert.NoError(t, cmd.Wait(), "ends with exit code 0")
	}
}
