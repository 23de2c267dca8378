// Command export writes the metadata of all images of an account to a file, one
// JSON object per line. With -download, it also downloads the images.
//
//	go run ./examples/export -demo -o /tmp/images.jsonl
//
// needs no account. Without -demo, the account and its API token are read from
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
//
// To resume after Ctrl-C, a crash or a lost connection, run the same command
// again: no image is lost or written twice. The state is saved in
// <file>.checkpoint after each page. The lines of an unfinished page are removed
// and written again. If the images of the account change during the export, an
// image may be listed twice or not at all: see ImagesV2.All. Cloudflare does not
// publish how long the continuation token in the checkpoint is valid.
//
// With -download, each image is stored in a file whose name is the escaped ID:
// "a/B" is a%2f%42. A name longer than 200 bytes is shortened and ends with the
// SHA-256 of the ID. Each uploaded file takes one API call. Variants are downloaded
// from their delivery URLs, which do not count against the API's rate limit; for
// variants of private images, CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the
// account's signing keys. <file>.files records the file name, size and ETag of
// each image; if an ID is listed twice, the later line is valid. <file>.failed
// lists the images that could not be downloaded, with the reasons. When all other
// images are downloaded, the same command retries these and updates the list.
//
// The downloaded files of an unfinished page are checked with one request each.
// A file is kept if upload time, size and ETag are as recorded (without an ETag
// in the response: upload time and size); the image is then not read again. To
// limit these requests, a page has 100 images with -download and 1000 without:
// resuming takes at most 100 of the 1,200 calls in 5 minutes, but an export needs
// a list call for every 100 images. -per-page changes the page size.
//
// The exit code is 0 if everything was exported, 1 after an error, 2 for an
// invalid command line and 130 after an interrupt.
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

// options are the settings from the command line.
type options struct {
	params   cfimages.ListParams
	out      string
	download string // directory; "": do not download images
	variant  string // "": the uploaded files
	workers  int
	batch    bool
	demo     bool
	images   int // in the demo
}

// downloadPage is the default page size with -download.
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
	opts.download, err = filepath.Abs(opts.download) // the checkpoint must not depend on the working directory
	return opts, err
}

func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.out, "o", "", "write the images to this `file` as JSON lines (required)")
	flags.StringVar(&o.download, "download", "", "also download the images to this `directory`")
	flags.StringVar(&o.variant, "variant", "", "download the variant with this `name` (default: the uploaded file)")
	flags.IntVar(&o.workers, "workers", 8, "download `n` images concurrently, 1 to 64")
	flags.IntVar(&o.params.PerPage, "per-page", 0, "`n` images per page, 10 to 10000 (default: 100 with -download, otherwise 1000, the API's default)")
	flags.StringVar((*string)(&o.params.SortOrder), "sort", "", "sort `order` by upload time, asc or desc (default of the API: desc)")
	flags.Func("creator", "only images of this `creator`; if empty, only images without a creator", func(creator string) error {
		o.params.Creator = &creator
		return nil
	})
	flags.BoolVar(&o.batch, "batch", false, "list through the batch host, whose calls do not count against the rate limit; downloads of uploaded files count against it")
	flags.BoolVar(&o.demo, "demo", false, "export from an in-process server, without an account")
	flags.IntVar(&o.images, "images", 2500, "number `n` of images in the demo")
}

// check rejects invalid combinations of flags. The library checks the list parameters.
func (o *options) check(given map[string]bool) error {
	switch {
	case o.out == "":
		return program.Usagef("-o file is required")
	case o.workers < 1 || o.workers > 64:
		return program.Usagef("-workers must be 1 to 64, got %d", o.workers)
	case o.images < 0:
		return program.Usagef("-images must not be negative, got %d", o.images)
	case given["images"] && !o.demo:
		return program.Usagef("-images requires -demo")
	case given["download"] && o.download == "":
		return program.Usagef("-download must name a directory")
	case o.download == "" && (given["variant"] || given["workers"]):
		return program.Usagef("-variant and -workers require -download")
	}
	return nil
}
