// Command prune deletes the images of an account that are older than an age and
// meet some conditions.
//
//	go run ./examples/prune -demo -older-than 30d -where status=expired
//
// only shows what would go, and needs no account. Without -demo, the account and
// its API token come from CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
//
//	prune -older-than 30d -where status=expired -report june.jsonl
//	prune -older-than 30d -where status=expired -report june.jsonl -delete
//
// first writes a plan and shows it, then deletes exactly what was planned. The
// report takes down what became of each image. After an interruption, a crash or
// failures, the same command goes on: what is done is not done again, and what
// failed is tried again. A report serves one run at a time: where the system has
// locks that end with their program, another run is refused.
//
// Every call takes its turn, 2 in a second unless -rate says otherwise: that is
// half of the 1,200 in 5 minutes that Cloudflare documents for each user or
// token. -reserve holds back besides when others use up the quota. -batch uses
// Cloudflare's batch host, whose calls do not count against that quota; if the
// account is not allowed it, a warning says so and -reserve guards the quota.
// For a high rate, some images are deleted at a time: as many as the rate needs
// if a call takes 0.2 s, or -workers. The report has them in any order.
//
// After an interrupt, no call is begun; those under way have 30 s to end and to
// get into the report. A second interrupt ends the program at once.
//
// What is deleted was old, and met the conditions, when it was planned. An ID
// that Cloudflare generated never stands for another image. A custom ID can be
// uploaded again, so such an image is looked at once more right before it is
// deleted, at the price of a second call, and kept if it has become young. Its
// metadata is not compared again. Nothing guards the instant between the two
// calls: the API has no deletion on a condition.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	user := console{in: os.Stdin, out: os.Stdout, terminal: isTerminal(os.Stdin), untilInterrupt: untilInterrupt}
	err := run(context.Background(), os.Args[1:], user)
	os.Exit(exitCode(err, os.Stderr))
}

// console is where the program talks with its user.
type console struct {
	in       io.Reader
	out      io.Writer
	terminal bool // there is somebody to answer
	// untilInterrupt returns a context that an interrupt ends.
	untilInterrupt func(context.Context) (context.Context, context.CancelFunc)
}

// untilInterrupt is for a real console. The second interrupt ends the program.
func untilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	release := context.AfterFunc(ctx, stop)
	return ctx, func() {
		release()
		stop()
	}
}

// isTerminal may take another device for a terminal, such as /dev/null. That
// does no harm: nobody confirms there.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// usageError is a wrong command line.
type usageError struct{ error }

// exitCode reports err and returns the code to exit with.
func exitCode(err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, "prune:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	if errors.Is(err, context.Canceled) {
		return 130 // what a shell makes of an interrupt
	}
	return 1
}

func run(ctx context.Context, args []string, user console) error {
	opts, err := parseArgs(args, user)
	if err != nil {
		return err
	}
	client, disconnect, err := connect(opts)
	if err != nil {
		return err
	}
	defer disconnect()
	return prune(ctx, client, opts, user)
}

// connect also takes down which account it is, and where: a report belongs to one.
func connect(opts *options) (client *cfimages.Client, disconnect func(), err error) {
	if opts.demo {
		server := newDemo()
		opts.Account, opts.API = imagestest.AccountID, "the demo"
		return server.Client(clientOptions(opts.batch)...), server.Close, nil
	}
	if opts.batch && os.Getenv("CLOUDFLARE_BASE_URL") != "" {
		return nil, nil, usageError{errors.New("-batch is for Cloudflare: it is not known where the batch host of CLOUDFLARE_BASE_URL is")}
	}
	opts.Account = os.Getenv("CLOUDFLARE_ACCOUNT_ID")
	opts.API = cmp.Or(os.Getenv("CLOUDFLARE_BASE_URL"), "https://api.cloudflare.com/client/v4")
	client, err = cfimages.NewClient(clientOptions(opts.batch)...)
	return client, func() {}, err
}

// clientOptions make the client wait for as long as Cloudflare refuses all calls
// of a token that was over its limit, and leave the pace of the calls to us. What
// it logs from the level of warnings on is why the batch API cannot be used.
func clientOptions(batch bool) []cfimages.Option {
	policy := cfimages.DefaultRetryPolicy()
	policy.MaxWait = 5 * time.Minute
	opts := []cfimages.Option{cfimages.WithRetryPolicy(policy), cfimages.WithPrefetch(false), cfimages.WithLogger(slog.Default())}
	if batch {
		opts = append(opts, cfimages.WithBatchAPI())
	}
	return opts
}
