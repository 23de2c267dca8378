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
// report records the outcome of each image. After an interruption, a crash or
// failures, run the same command again: it continues with the rest and retries
// what failed. Only one run at a time can use a report, where the system has
// file locks.
//
// prune sends 2 calls a second unless -rate is set: half of the 1,200 in 5
// minutes that Cloudflare documents for each user or token. It also waits when
// other programs use the quota up to -reserve. -batch uses Cloudflare's batch
// host, whose calls do not count against that quota; if the account may not use
// it, prune logs a warning and falls back to the standard API host. For a high
// rate, several images are deleted at a time: as many as the rate needs if a
// call takes 0.2 s, or -workers. The report has them in any order.
//
// After an interrupt, no call is started; those in flight have 30 s to complete
// and are recorded. A second interrupt ends the program at once.
//
// A planned image was old, and met the conditions, when it was planned. An ID
// that Cloudflare generated never names another image. A custom ID can be
// uploaded again, so prune gets such an image right before it deletes it, which
// takes a second call, and keeps it if it is no longer old. It does not compare
// the metadata again. An upload between the two calls is not noticed: the API
// has no conditional deletion.
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
	var account *program.Account
	if opts.demo {
		account = program.ConnectTest(newDemo(), opts.batch, clientOptions()...)
		account.BaseURL = "the demo"
	} else if account, err = program.Connect(opts.batch, clientOptions()...); err != nil {
		return err
	}
	defer account.Close()
	opts.Account, opts.API = account.ID, cmp.Or(account.BaseURL, "https://api.cloudflare.com/client/v4")
	return prune(ctx, account.Client, opts, user)
}

// clientOptions make the client wait for as long as Cloudflare rejects all calls
// of a token that exceeded its rate limit, and leave the pace to this program. At
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
	server.Seed(demoImages, func(i int) cfimages.Image {
		return cfimages.Image{
			Filename: fmt.Sprintf("photo-%02d.png", i+1),
			Uploaded: time.Now().AddDate(0, 0, i-demoImages).Add(-time.Hour),
			Meta:     fmt.Appendf(nil, `{"status":%q,"priority":%d}`, []string{"expired", "active"}[i%2], i%5+1),
		}
	})
	return server
}
