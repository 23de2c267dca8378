//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/durable"
	"github.com/cfimages/cfimages-go/imagestest"
)

// seedVariable is the environment variable that sets the random seed, to reproduce
// a failure as far as timing allows.
const seedVariable = "EXPORT_TEST_SEED"

// signaler serves requests and, at one of them, sends a signal to the program.
type signaler struct {
	next   http.Handler
	random *rand.Rand

	mu     sync.Mutex
	left   int // requests until the signal; 0: none
	moment int
	send   func()
}

// The moments of a signal within a request.
const (
	beforeResponse = iota
	withinResponse
	afterResponse
	moments
)

// arm sets send to be called at one of the next requests.
func (s *signaler) arm(within int, send func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.moment, s.send = 1+s.random.IntN(within), s.random.IntN(moments), send
}

// due returns the send function if this request is the chosen one, otherwise nil.
// delay is the number of bytes or microseconds after the moment.
func (s *signaler) due() (send func(), moment, delay int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left != 0 {
		return nil, 0, 0
	}
	return s.send, s.moment, s.random.IntN(3000)
}

func (s *signaler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	send, moment, delay := s.due()
	if send == nil {
		s.next.ServeHTTP(w, r)
		return
	}
	if moment == afterResponse {
		s.next.ServeHTTP(w, r)
		time.AfterFunc(time.Duration(delay)*time.Microsecond, send)
		return
	}
	if moment == withinResponse {
		whole := httptest.NewRecorder()
		s.next.ServeHTTP(whole, r)
		body := whole.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body[:delay%(len(body)+1)])
		http.NewResponseController(w).Flush()
	}
	send()
	panic(http.ErrAbortHandler)
}

// process runs an export in a separate process.
type process struct {
	t        *testing.T
	signaler *signaler
	flags    []string
	env      []string
	seed     string
	want     string            // output
	files    map[string]string // with -download
}

func newProcess(t *testing.T, n int, flags ...string) *process {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	f := newFixture(t, n)
	signaler := &signaler{next: f.server.Handler(), random: rand.New(rand.NewPCG(seed, 0))}
	server := httptest.NewServer(signaler)
	t.Cleanup(server.Close)
	p := &process{
		t: t, signaler: signaler, flags: flags,
		seed: fmt.Sprintf("%s=%d", seedVariable, seed),
		env: append(os.Environ(), beProgram+"=1", "GORACE=atexit_sleep_ms=0", "CLOUDFLARE_BASE_URL="+server.URL+"/client/v4",
			"CLOUDFLARE_ACCOUNT_ID="+imagestest.AccountID, "CLOUDFLARE_API_TOKEN="+imagestest.APIToken),
		files: f.images(),
	}
	client := f.server.Client(cfimages.WithHTTPClient(server.Client()), cfimages.WithBaseURL(server.URL+"/client/v4"))
	p.want = listing(t, client)
	return p
}

// run runs the program in a directory until it ends or receives a signal at one
// of the next requests.
func (p *process) run(dir string, signal os.Signal, within int) (code int, output string) {
	p.t.Helper()
	args := append([]string{"-o", filepath.Join(dir, "images.jsonl"), "-per-page", "10"}, p.flags...)
	if len(p.flags) > 0 {
		args = append(args, "-download", filepath.Join(dir, "files"))
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = p.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	p.signaler.arm(within, func() {
		<-started
		cmd.Process.Signal(signal)
	})
	require.NoError(p.t, cmd.Start())
	close(started)
	err := cmd.Wait()
	if err != nil {
		_, ok := errors.AsType[*exec.ExitError](err)
		require.True(p.t, ok, err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// check compares the files in a directory with the images of the server.
func (p *process) check(dir string, finished bool) {
	p.t.Helper()
	result := &fixture{T: p.t, opts: &options{out: filepath.Join(dir, "images.jsonl")}}
	if finished {
		require.Equal(p.t, p.want, result.read(""), p.seed)
	} else {
		require.True(p.t, strings.HasPrefix(p.want, result.read("")), "the lines so far are correct: %s", p.seed)
	}
	if len(p.flags) == 0 {
		return
	}
	files := readFiles(p.t, filepath.Join(dir, "files"), !finished)
	for name, data := range files {
		require.True(p.t, p.files[name] == data, "%s is incomplete: %s", name, p.seed)
	}
	if finished {
		require.Len(p.t, files, len(p.files), p.seed)
		require.Len(p.t, result.saved(), len(p.files), p.seed)
		require.Empty(p.t, result.failed(), p.seed)
	}
}

// interrupt sends a signal to the program a number of times. After each signal it
// resumes the export; when an export completes, it starts a new one.
func (p *process) interrupt(signal os.Signal, times, within, interrupted int) {
	p.t.Helper()
	dir := p.t.TempDir()
	for hits := 0; ; {
		if hits == times {
			within = 1 << 30
		}
		code, output := p.run(dir, signal, within)
		switch code {
		case interrupted, killed: // at the end of the program, its signal handler is already removed
			hits++
			p.check(dir, false)
		case 0:
			p.check(dir, true)
			if hits >= times {
				return
			}
			dir = p.t.TempDir()
		default:
			require.Fail(p.t, "exit code "+strconv.Itoa(code), "%s\n%s", p.seed, output)
		}
	}
}

const killed = -1

func TestKill(t *testing.T) {
	t.Run("list", func(t *testing.T) { newProcess(t, 200).interrupt(syscall.SIGKILL, 15, 8, killed) })
	t.Run("uploaded files", func(t *testing.T) { newProcess(t, 120, "-workers", "8").interrupt(syscall.SIGKILL, 20, 20, killed) })
	t.Run("variants", func(t *testing.T) {
		newProcess(t, 120, "-variant", "public").interrupt(syscall.SIGKILL, 15, 20, killed)
	})
}

func TestInterruptedProcess(t *testing.T) {
	newProcess(t, 100, "-variant", "public").interrupt(syscall.SIGINT, 10, 30, 130)
}

func TestOneExportAtATime(t *testing.T) {
	f := newDownload(t, 3)
	out, err := durable.Open(f.opts.out, 0o600)
	require.NoError(t, err)
	f.ends(1, f.opts.out+" is in use by another process")
	require.NoError(t, out.Close())

	require.NoError(t, os.MkdirAll(f.opts.download, 0o777))
	dir, err := os.Open(f.opts.download)
	require.NoError(t, err)
	require.NoError(t, durable.Lock(dir))
	f.ends(1, f.opts.download+" is in use by another process")
	require.NoError(t, dir.Close())
	f.finishes()
}
