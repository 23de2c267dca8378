// Command export writes a whole account to a file: the metadata of every image,
// a JSON object a line, and with -download the images themselves.
//
//	go run ./examples/export -demo -o /tmp/images.jsonl
//
// needs no account. Without -demo, the account and its API token come from
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
//
// After Ctrl-C, a crash or a lost network, the same command again goes on where
// it stopped: nothing is missing and nothing is there twice. After each page,
// how far it has come is kept in <file>.checkpoint. The lines of a page that was
// not finished are cut off, and written anew. A list that changes meanwhile may
// show an image twice or not at all: see ImagesV2.All. How long Cloudflare accepts
// the continuation token in the checkpoint is not published.
//
// With -download, each image becomes a file named by its ID, escaped: "a/B"
// is a%2f%42. An ID that would make a longer name than 200 bytes is cut and
// ends in its SHA-256. Originals are calls of the API, one each. Variants come
// from their delivery URLs, which do not count against its limit; for those of
// private images, CLOUDFLARE_IMAGES_SIGNING_KEY has to be one of the account's
// signing keys. <file>.files tells the file, size and ETag of each image; if it
// has an ID twice, the later line counts. <file>.failed tells which images could
// not be downloaded, and why. When all others are there, the same command retries
// these, and keeps in the list those that fail again.
//
// A file of a page that was not finished is kept if it still is what its source
// has: one request each asks for that, and does not read the image when upload
// time, size and ETag are as recorded; without an ETag in the response, the other two
// must do. So that going on costs little of the rate limit, a page has 100 images
// with -download, and 1000 otherwise: that is at most 100 calls of the 1,200 in 5
// minutes, for a list call with every 100 images. -per-page changes it.
//
// The exit code is 0 when all was exported, 1 when something went wrong, 2 for a
// wrong command line and 130 after an interrupt.
package main

import (
	"cmp"
	"context"
	"flag"
	"io"
	"path/filepath"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/internal/program"
)

func main() { program.Main("export", run) }

// options are what the command line says.
type options struct {
	params   cfimages.ListParams
	out      string
	download string // "": no images
	variant  string // "": the originals
	workers  int
	batch    bool
	demo     bool
	images   int // of the demo
}

// downloadPage is how many images a page has, when they are downloaded too.
const downloadPage = 100

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseArgs(args, stdout)
	if err != nil {
		return err
	}
	conn, err := connect(opts, stderr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return export(ctx, conn, opts, stdout, stderr)
}

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	opts.define(flags)
	if err := program.Parse(flags, args, stdout, "-o file [flags]", ""); err != nil {
		return nil, err
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := opts.check(given); err != nil || opts.download == "" {
		return opts, err
	}
	opts.params.PerPage = cmp.Or(opts.params.PerPage, downloadPage)
	var err error
	opts.download, err = filepath.Abs(opts.download) // as the checkpoint has it, wherever the export goes on
	return opts, err
}

func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.out, "o", "", "write the images to this `file`, as JSON lines; required")
	flags.StringVar(&o.download, "download", "", "download the images too, into this `directory`")
	flags.StringVar(&o.variant, "variant", "", "download the variant of this `name` (default: the original)")
	flags.IntVar(&o.workers, "workers", 8, "download `n` images at a time, 1 to 64")
	flags.IntVar(&o.params.PerPage, "per-page", 0, "`n` images a page, 10 to 10000 (default: 100 with -download, otherwise 1000, that of the API)")
	flags.StringVar((*string)(&o.params.SortOrder), "sort", "", "asc or desc, an `order` by upload time (default of the API: desc)")
	flags.Func("creator", "only images of this `creator`; if it is empty, those without one", func(creator string) error {
		o.params.Creator = &creator
		return nil
	})
	flags.BoolVar(&o.batch, "batch", false, "list by way of the batch host, which does not count against the rate limit; originals do")
	flags.BoolVar(&o.demo, "demo", false, "export an in-process server, without an account")
	flags.IntVar(&o.images, "images", 2500, "`n` images in the demo")
}

// check rejects what makes no sense; the library checks the rest.
func (o *options) check(given map[string]bool) error {
	switch {
	case o.out == "":
		return program.Usagef("-o file is required")
	case o.workers < 1 || o.workers > 64:
		return program.Usagef("-workers must be 1 to 64, got %d", o.workers)
	case o.images < 0:
		return program.Usagef("-images must not be negative, got %d", o.images)
	case given["images"] && !o.demo:
		return program.Usagef("-images is for -demo")
	case given["download"] && o.download == "":
		return program.Usagef("-download must name a directory")
	case o.download == "" && (given["variant"] || given["workers"]):
		return program.Usagef("-variant and -workers are for -download")
	}
	return nil
}
