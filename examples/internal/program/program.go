// Package program holds what the larger examples share and what is not about
// images: signals, exit codes, the command line and the account.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a program until it ends or is interrupted, and exits with its code.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := UntilInterrupt(context.Background())
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(ExitCode(name, err, os.Stderr))
}

// UntilInterrupt returns a context that ends with Ctrl-C or SIGTERM. The second
// signal ends the program at once.
func UntilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	release := context.AfterFunc(ctx, stop)
	return ctx, func() {
		release()
		stop()
	}
}

// ErrInterrupted is the error of a program that a signal ended. So is
// [context.Canceled].
var ErrInterrupted = errors.New("interrupted")

// usageError is an invalid command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// UsageError marks err as one of the command line.
func UsageError(err error) error { return usageError{err} }

// Usagef returns an error of the command line.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// ExitCode prints err and returns the code to exit with: 0 for success and for
// help, 2 for an invalid command line, 130 after an interrupt, as in a shell, and
// 1 for any other error.
func ExitCode(name string, err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %v\n", name, err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	if errors.Is(err, ErrInterrupted) || errors.Is(err, context.Canceled) {
		return 130
	}
	return 1
}

// Parse parses a command line without arguments after the flags. If help was
// requested, it prints the synopsis, the flags and the notes, and returns
// [flag.ErrHelp]. It prints nothing else: [ExitCode] prints errors.
func Parse(flags *flag.FlagSet, args []string, stdout io.Writer, synopsis, notes string) error {
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stdout)
		fmt.Fprintf(stdout, "Usage: %s %s\n\n", flags.Name(), synopsis)
		flags.PrintDefaults()
		if notes != "" {
			fmt.Fprintf(stdout, "\n%s", notes)
		}
		return err
	case err != nil:
		return UsageError(err)
	case flags.NArg() > 0:
		return Usagef("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// IsTerminal reports whether w is a terminal. It may take another device for
// one, such as /dev/null.
func IsTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
