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
	"github.com/cfimages/cfimages-go/imagestest"
)

// seedVariable repeats the kills of a failure, as far as the machine does.
const seedVariable = "EXPORT_TEST_SEED"

// shooter serves requests until it shoots the program that asks.
type shooter struct {
	next   http.Handler
	random *rand.Rand

	mu     sync.Mutex
	token  string // of the program; those before may have requests under way
	seen   bool   // it has asked for something
	left   int    // requests until the shot; 0: none
	moment int
	shoot  func()
}

// The moments of a shot.
const (
	beforeReply = iota
	withinReply
	afterReply
	moments
)

// arm makes the shooter shoot at one of the next requests.
func (s *shooter) arm(token string, within int, shoot func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.seen = token, false
	s.left, s.moment, s.shoot = 1+s.random.IntN(within), s.random.IntN(moments), shoot
}

// aim reports whether this request is the one, and how many bytes or
// microseconds after its moment the shot is.
func (s *shooter) aim(r *http.Request) (shoot func(), moment, delay int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") == "Bearer "+s.token {
		s.seen = true
	}
	if !s.seen {
		return nil, 0, 0
	}
	if s.left--; s.left != 0 {
		return nil, 0, 0
	}
	return s.shoot, s.moment, s.random.IntN(3000)
}

func (s *shooter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	shoot, moment, delay := s.aim(r)
	if shoot == nil {
		s.next.ServeHTTP(w, r)
		return
	}
	if moment == afterReply {
		s.next.ServeHTTP(w, r)
		time.AfterFunc(time.Duration(delay)*time.Microsecond, shoot)
		return
	}
	if moment == withinReply {
		reply := httptest.NewRecorder()
		s.next.ServeHTTP(reply, r)
		body := reply.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body[:delay%(len(body)+1)])
		http.NewResponseController(w).Flush()
	}
	shoot()
	panic(http.ErrAbortHandler)
}

// program is the export of a server by a process of its own.
type program struct {
	t       *testing.T
	bench   *bench
	shooter *shooter
	flags   []string
	env     []string
	runs    int
	seed    string
	want    string            // output
	files   map[string]string // with -download
}

func newProgram(t *testing.T, n int, flags ...string) *program {
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
	p := &program{
		t: t, bench: b, shooter: shooter, flags: flags,
		seed: fmt.Sprintf("%s=%d", seedVariable, seed),
		env: append(os.Environ(), beProgram+"=1", "GORACE=atexit_sleep_ms=0", "CLOUDFLARE_BASE_URL="+server.URL+"/client/v4",
			"CLOUDFLARE_ACCOUNT_ID="+imagestest.AccountID),
		files: make(map[string]string),
	}
	client := b.server.Client(cfimages.WithHTTPClient(server.Client()), cfimages.WithBaseURL(server.URL+"/client/v4"))
	p.want = listing(t, client)
	for img, err := range client.ImagesV2.All(t.Context(), cfimages.ListParams{}) {
		require.NoError(t, err)
		p.files[fileName(img.ID)] = fetchVariant(t, server.Client(), &img)
	}
	return p
}

// run runs the program in a directory until it ends or is sent a signal at one of
// the next requests.
func (p *program) run(dir string, signal os.Signal, within int) (code int, output string) {
	p.t.Helper()
	args := append([]string{"-o", filepath.Join(dir, "images.jsonl"), "-per-page", "10"}, p.flags...)
	if len(p.flags) > 0 {
		args = append(args, "-download", filepath.Join(dir, "files"))
	}
	cmd := exec.Command(os.Args[0], args...)
	p.runs++
	token := "run-" + strconv.Itoa(p.runs)
	p.bench.server.Account(imagestest.AccountID).AddToken(token, imagestest.Read)
	cmd.Env = append(p.env, "CLOUDFLARE_API_TOKEN="+token)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	p.shooter.arm(token, within, func() {
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
func (p *program) check(dir string, finished bool) {
	p.t.Helper()
	out, err := os.ReadFile(filepath.Join(dir, "images.jsonl"))
	require.NoError(p.t, err, p.seed)
	if finished {
		require.Equal(p.t, p.want, string(out), p.seed)
	} else {
		require.True(p.t, strings.HasPrefix(p.want, string(out)), "what is there is right: %s", p.seed)
	}
	if len(p.flags) == 0 {
		return
	}
	p.checkFiles(filepath.Join(dir, "files"), finished)
	if finished {
		recorded := readLines[savedFile](p.t, filepath.Join(dir, "images.jsonl.files"))
		require.Len(p.t, recorded, len(p.files), p.seed)
		require.Empty(p.t, readLines[failedFile](p.t, filepath.Join(dir, "images.jsonl.failed")), p.seed)
	}
}

func (p *program) checkFiles(dir string, finished bool) {
	p.t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(p.t, err, p.seed)
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() == partial && !finished {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(p.t, err, p.seed)
		require.True(p.t, p.files[entry.Name()] == string(data), "%s is not whole: %s", entry.Name(), p.seed)
	}
	if finished {
		require.Len(p.t, entries, len(p.files), p.seed)
	}
}

// torment sends a signal so many times, each time to the program that goes on
// after the one before, and begins a new export whenever one is finished.
func (p *program) torment(signal os.Signal, times, within, interrupted int) {
	p.t.Helper()
	dir := p.t.TempDir()
	for hits := 0; ; {
		if hits == times {
			within = 1 << 30
		}
		code, output := p.run(dir, signal, within)
		switch code {
		case interrupted:
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
	t.Run("list", func(t *testing.T) { newProgram(t, 200).torment(syscall.SIGKILL, 15, 8, killed) })
	t.Run("originals", func(t *testing.T) { newProgram(t, 120, "-workers", "8").torment(syscall.SIGKILL, 20, 20, killed) })
	t.Run("variants", func(t *testing.T) { newProgram(t, 120, "-variant", "public").torment(syscall.SIGKILL, 15, 20, killed) })
}

func TestInterruptedProcess(t *testing.T) {
	newProgram(t, 100, "-variant", "public").torment(syscall.SIGINT, 10, 30, 130)
}

func TestOneExportAtATime(t *testing.T) {
	b := newDownload(t, 3)
	out, err := openJournal(b.opts.out)
	require.NoError(t, err)
	text, code := b.run()
	require.Equal(t, 1, code)
	require.Contains(t, text, b.opts.out+" is in use by another export")
	require.NoError(t, out.close())

	require.NoError(t, os.MkdirAll(b.opts.download, 0o777))
	dir, err := os.Open(b.opts.download)
	require.NoError(t, err)
	require.NoError(t, lock(dir))
	text, code = b.run()
	require.Equal(t, 1, code)
	require.Contains(t, text, b.opts.download+" is in use by another export")
	require.NoError(t, dir.Close())

	text, code = b.run()
	require.Zero(t, code, text)
	b.wantFiles()
}
