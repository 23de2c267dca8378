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
// report records what became of each image. After an interruption, a crash or
// failures, the same command goes on: what is done is not done again, and what
// failed is retried. A report serves one run at a time: where the system has
// locks that end with their program, another run is rejected.
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
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
	"github.com/cfimages/cfimages-go/imagestest"
)

func main() {
	user := console{in: os.Stdin, out: os.Stdout, terminal: program.IsTerminal(os.Stdin), untilInterrupt: program.UntilInterrupt}
	err := run(context.Background(), os.Args[1:], user)
	os.Exit(program.ExitCode("prune", err, os.Stderr))
}

// console is where the program talks with its user.
type console struct {
	in       io.Reader
	out      io.Writer
	terminal bool // there is somebody to answer
	// untilInterrupt returns a context that an interrupt ends.
	untilInterrupt func(context.Context) (context.Context, context.CancelFunc)
}

func run(ctx context.Context, args []string, user console) error {
	opts, err := parseArgs(args, user)
	if err != nil {
		return err
	}
	account, err := connect(opts)
	if err != nil {
		return err
	}
	defer account.Close()
	return prune(ctx, account.Client, opts, user)
}

// connect also records which account it is, and where: a report belongs to one.
func connect(opts *options) (account *program.Account, err error) {
	if opts.demo {
		account = program.ConnectTest(newDemo(), opts.batch, clientOptions()...)
		account.BaseURL = "the demo"
	} else if account, err = program.Connect(opts.batch, clientOptions()...); err != nil {
		return nil, err
	}
	opts.Account, opts.API = account.ID, cmp.Or(account.BaseURL, "https://api.cloudflare.com/client/v4")
	return account, nil
}

// clientOptions make the client wait for as long as Cloudflare rejects all calls
// of a token that was over its limit, and leave the pace of the calls to us. At
// Warn level, the client logs why the batch API cannot be used.
func clientOptions() []cfimages.Option {
	policy := cfimages.DefaultRetryPolicy()
	policy.MaxWait = 5 * time.Minute
	return []cfimages.Option{cfimages.WithRetryPolicy(policy), cfimages.WithPrefetch(false), cfimages.WithLogger(slog.Default())}
}

const demoImages = 60

// newDemo returns a server in memory with an image for each of the last days, of
// which every other has expired.
func newDemo() *imagestest.Server {
	server := imagestest.NewServer(imagestest.InMemory())
	now := time.Now()
	server.Seed(demoImages, func(i int) cfimages.Image {
		return cfimages.Image{
			Filename: fmt.Sprintf("photo-%02d.png", i+1),
			Uploaded: now.AddDate(0, 0, i-demoImages),
			Meta:     fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"expired", "active"}[i%2], i%5+1),
		}
	})
	return server
}
