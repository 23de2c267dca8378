package program_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

// beProgram is the environment variable that makes the test binary a program that
// waits for the first or the second signal.
const beProgram = "PROGRAM_TEST_BE_PROGRAM"

func TestMain(m *testing.M) {
	until := os.Getenv(beProgram)
	if until == "" {
		os.Exit(m.Run())
	}
	program.Main("waiter", func(ctx context.Context, _ []string, stdout, _ io.Writer) error {
		fmt.Fprintln(stdout, "ready")
		<-ctx.Done()
		if until == "second" {
			fmt.Fprintln(stdout, "once more")
			select {}
		}
		return ctx.Err()
	})
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to other processes")
	}
	for _, test := range []struct {
		until    string
		signal   os.Signal
		wantCode int
	}{{"first", os.Interrupt, 130}, {"first", syscall.SIGTERM, 130}, {"second", os.Interrupt, -1}} {
		until := test.until
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), beProgram+"="+until)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line := make([]byte, len("ready\n"))
		_, err = io.ReadFull(stdout, line)
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(test.signal))
		if until == "second" {
			_, err = io.ReadFull(stdout, make([]byte, len("once more\n")))
			require.NoError(t, err)
		}
		ended := make(chan error)
		go func() { ended <- cmd.Wait() }()
		for waiting := true; waiting; {
			select {
			case err = <-ended:
				waiting = false
			default:
				if until == "second" { // the first may not be handled yet, so send more
					cmd.Process.Signal(os.Interrupt)
				}
				runtime.Gosched()
			}
		}
		require.Error(t, err)
		assert.Equal(t, test.wantCode, cmd.ProcessState.ExitCode(), until)
	}
}

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   int
		stderr string
	}{
		{nil, 0, ""},
		{flag.ErrHelp, 0, ""},
		{errors.New("broken"), 1, "x: broken\n"},
		{program.Usagef("-n is %d", 5), 2, "x: -n is 5\n"},
		{fmt.Errorf("stopped: %w", program.UsageError(io.EOF)), 2, "x: stopped: EOF\n"},
		{fmt.Errorf("%w: 3 done", program.ErrInterrupted), 130, "x: interrupted: 3 done\n"},
		{fmt.Errorf("stopped: %w", context.Canceled), 130, "x: stopped: context canceled\n"},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, test.code, program.ExitCode("x", test.err, &stderr), test.err)
		assert.Equal(t, test.stderr, stderr.String())
	}
	assert.ErrorIs(t, program.UsageError(cfimages.ErrInvalidParams), cfimages.ErrInvalidParams)
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args, wantOut, wantErr string
		code                   int
	}{
		{"-n 5", "", "", 0},
		{"-help", "Usage: x -n number\n\n  -n number\n    \ta number\n\nNotes.\n", "", 0},
		{"-n five", "", "x: invalid value \"five\" for flag -n: parse error\n", 2},
		{"-m", "", "x: flag provided but not defined: -m\n", 2},
		{"-n 5 six", "", "x: unexpected argument \"six\"\n", 2},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.Int("n", 0, "a `number`")
		var stdout, stderr bytes.Buffer
		err := program.Parse(flags, strings.Fields(test.args), &stdout, "-n number", "Notes.\n")
		assert.Equal(t, test.code, program.ExitCode("x", err, &stderr), test.args)
		assert.Equal(t, test.wantOut, stdout.String())
		assert.Equal(t, test.wantErr, stderr.String())
	}
}

func TestConnect(t *testing.T) {
	server := imagestest.NewServer()
	defer server.Close()
	server.Seed(1, func(int) cfimages.Image { return cfimages.Image{} })
	for _, name := range []string{"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_BASE_URL"} {
		t.Setenv(name, "")
	}
	assert.False(t, program.HasAccount())
	_, err := program.Connect(false)
	require.ErrorContains(t, err, "CLOUDFLARE_ACCOUNT_ID")

	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL())
	assert.True(t, program.HasAccount())
	account, err := program.Connect(false)
	require.NoError(t, err)
	defer account.Close()
	assert.Equal(t, imagestest.AccountID, account.ID)
	assert.Equal(t, server.URL(), account.BaseURL)
	page, err := account.Client.ImagesV2.List(t.Context(), cfimages.ListParams{})
	require.NoError(t, err)
	assert.Len(t, page.Images, 1)

	_, err = program.Connect(true)
	require.ErrorContains(t, err, "-batch cannot be combined with CLOUDFLARE_BASE_URL")
	assert.Equal(t, 2, program.ExitCode("x", err, io.Discard))
}

func TestSigner(t *testing.T) {
	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "")
	signer, err := program.Signer()
	require.NoError(t, err)
	assert.Nil(t, signer)
	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", imagestest.SigningKey)
	signer, err = program.Signer()
	require.NoError(t, err)
	assert.NotNil(t, signer)
	t.Setenv("CLOUDFLARE_IMAGES_SIGNING_KEY", "two\nlines")
	_, err = program.Signer()
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "lines")
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, program.IsTerminal(file))
	assert.False(t, program.IsTerminal(new(bytes.Buffer)))
	device, err := os.Open(os.DevNull) // a character device too, and no test has a terminal
	require.NoError(t, err)
	defer device.Close()
	assert.True(t, program.IsTerminal(device))
}
