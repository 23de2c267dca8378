// Package program has the parts that the larger examples share: signals, exit
// codes, the command line and the account.
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

// Main runs a program and exits with its code. A signal cancels the context.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := UntilInterrupt(context.Background())
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(ExitCode(name, err, os.Stderr))
}

// UntilInterrupt returns a context that is canceled by Ctrl-C or SIGTERM. A second
// signal ends the program at once.
func UntilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	release := context.AfterFunc(ctx, stop)
	return ctx, func() {
		release()
		stop()
	}
}

// ErrInterrupted is the error of an interrupted program. [ExitCode] treats
// [context.Canceled] in the same way.
var ErrInterrupted = errors.New("interrupted")

// usageError is an invalid command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// UsageError marks err as an error of the command line.
func UsageError(err error) error { return usageError{err} }

// Usagef formats an error of the command line.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// ExitCode prints err and returns the exit code: 0 for success and for help, 2 for
// an invalid command line, 130 after an interrupt, as in a shell, and 1 for any
// other error.
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

// Parse parses a command line that has flags only. If help was requested, it
// prints the synopsis, the flags and the notes, and returns [flag.ErrHelp]. It does
// not print errors: [ExitCode] does.
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

// IsTerminal reports whether w is a terminal or another character device, such as
// /dev/null.
func IsTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
