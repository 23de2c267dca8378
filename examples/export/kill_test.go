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

// seedVariable repeats the kills of a failure, as far as the machine does.
const seedVariable = "EXPORT_TEST_SEED"

// shooter serves requests until it shoots the program that asks.
type shooter struct {
	next   http.Handler
	random *rand.Rand

	mu     sync.Mutex
	left   int // requests until the shot; 0: none
	moment int
	shoot  func()
}

// The moments of a shot.
const (
	beforeResponse = iota
	withinResponse
	afterResponse
	moments
)

// arm makes the shooter shoot at one of the next requests.
func (s *shooter) arm(within int, shoot func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.moment, s.shoot = 1+s.random.IntN(within), s.random.IntN(moments), shoot
}

// aim reports whether this request is the one, and how many bytes or
// microseconds after its moment the shot is.
func (s *shooter) aim() (shoot func(), moment, delay int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left != 0 {
		return nil, 0, 0
	}
	return s.shoot, s.moment, s.random.IntN(3000)
}

func (s *shooter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	shoot, moment, delay := s.aim()
	if shoot == nil {
		s.next.ServeHTTP(w, r)
		return
	}
	if moment == afterResponse {
		s.next.ServeHTTP(w, r)
		time.AfterFunc(time.Duration(delay)*time.Microsecond, shoot)
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
	shoot()
	panic(http.ErrAbortHandler)
}

// process is the export of a server by a process of its own.
type process struct {
	t       *testing.T
	shooter *shooter
	flags   []string
	env     []string
	seed    string
	want    string            // output
	files   map[string]string // with -download
}

func newProcess(t *testing.T, n int, flags ...string) *process {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	b := newBench(t, n)
	shooter := &shooter{next: b.server.Handler(), random: rand.New(rand.NewPCG(seed, 0))}
	server := httptest.NewServer(shooter)
	t.Cleanup(server.Close)
	p := &process{
		t: t, shooter: shooter, flags: flags,
		seed: fmt.Sprintf("%s=%d", seedVariable, seed),
		env: append(os.Environ(), beProgram+"=1", "GORACE=atexit_sleep_ms=0", "CLOUDFLARE_BASE_URL="+server.URL+"/client/v4",
			"CLOUDFLARE_ACCOUNT_ID="+imagestest.AccountID, "CLOUDFLARE_API_TOKEN="+imagestest.APIToken),
		files: b.images(),
	}
	client := b.server.Client(cfimages.WithHTTPClient(server.Client()), cfimages.WithBaseURL(server.URL+"/client/v4"))
	p.want = listing(t, client)
	return p
}

// run runs the program in a directory until it ends or is sent a signal at one of
// the next requests.
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
	p.shooter.arm(within, func() {
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

// check compares what is there with the images of the server.
func (p *process) check(dir string, finished bool) {
	p.t.Helper()
	there := &bench{T: p.t, opts: &options{out: filepath.Join(dir, "images.jsonl")}}
	if finished {
		require.Equal(p.t, p.want, there.read(""), p.seed)
	} else {
		require.True(p.t, strings.HasPrefix(p.want, there.read("")), "what is there is right: %s", p.seed)
	}
	if len(p.flags) == 0 {
		return
	}
	files := readFiles(p.t, filepath.Join(dir, "files"), !finished)
	for name, data := range files {
		require.True(p.t, p.files[name] == data, "%s is not whole: %s", name, p.seed)
	}
	if finished {
		require.Len(p.t, files, len(p.files), p.seed)
		require.Len(p.t, there.saved(), len(p.files), p.seed)
		require.Empty(p.t, there.failed(), p.seed)
	}
}

// torment sends a signal so many times, each time to the program that goes on
// after the one before, and begins a new export whenever one is finished.
func (p *process) torment(signal os.Signal, times, within, interrupted int) {
	p.t.Helper()
	dir := p.t.TempDir()
	for hits := 0; ; {
		if hits == times {
			within = 1 << 30
		}
		code, output := p.run(dir, signal, within)
		switch code {
		case interrupted, killed: // a signal that comes as the program ends finds no handler any more
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
	t.Run("list", func(t *testing.T) { newProcess(t, 200).torment(syscall.SIGKILL, 15, 8, killed) })
	t.Run("originals", func(t *testing.T) { newProcess(t, 120, "-workers", "8").torment(syscall.SIGKILL, 20, 20, killed) })
	t.Run("variants", func(t *testing.T) { newProcess(t, 120, "-variant", "public").torment(syscall.SIGKILL, 15, 20, killed) })
}

func TestInterruptedProcess(t *testing.T) {
	newProcess(t, 100, "-variant", "public").torment(syscall.SIGINT, 10, 30, 130)
}

func TestOneExportAtATime(t *testing.T) {
	b := newDownload(t, 3)
	out, err := durable.Open(b.opts.out, 0o600)
	require.NoError(t, err)
	b.ends(1, b.opts.out+" is in use by another process")
	require.NoError(t, out.Close())

	require.NoError(t, os.MkdirAll(b.opts.download, 0o777))
	dir, err := os.Open(b.opts.download)
	require.NoError(t, err)
	require.NoError(t, durable.Lock(dir))
	b.ends(1, b.opts.download+" is in use by another process")
	require.NoError(t, dir.Close())
	b.finishes()
}
