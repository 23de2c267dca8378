// Command export writes a whole account to a file: the metadata of every image,
// one JSON object per line. With -download, it downloads the images too.
//
//	go run ./examples/export -demo -o /tmp/images.jsonl
//
// needs no account. Without -demo, the account and its API token come from
// CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN.
//
// After Ctrl-C, a crash or a network failure, the same command resumes where it
// stopped: no image is missing and none is exported twice. <file>.checkpoint has
// the state after each page. The lines of an unfinished page are removed and
// written again. If the list changes meanwhile, it may show an image twice or not
// at all: see ImagesV2.All. Cloudflare does not publish how long it accepts the
// continuation token in the checkpoint.
//
// With -download, each image becomes a file named by its ID, escaped: "a/B" is
// a%2f%42. An ID whose name would be longer than 200 bytes is cut and ends in its
// SHA-256. Originals are calls of the API, one each. Variants come from their
// delivery URLs, which do not count against the rate limit. Those of private images
// need CLOUDFLARE_IMAGES_SIGNING_KEY, one of the account's signing keys.
// <file>.files has the file, size and ETag of each image; if it has an ID twice, the
// later line counts. <file>.failed has the images that could not be downloaded, and
// why. When all others are downloaded, the same command retries these, and keeps in
// the list those that fail again.
//
// A file of an unfinished page is kept if it is still what its source has. That
// takes one request, whose body is not read if upload time, size and ETag are as
// recorded; if the response has no ETag, the other two are enough. Resuming has to
// cost little of the rate limit, so a page has 100 images with -download, and 1000
// otherwise: at most 100 calls of the 1,200 in 5 minutes are made again, for one list
// call per 100 images. -per-page changes that.
//
// The exit code is 0 when everything was exported, 1 after a failure, 2 for an
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

// options are the command line.
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

func parseArgs(args []string, stdout io.Writer) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.StringVar(&o.out, "o", "", "write the images to this `file`, as JSON lines; required")
	flags.StringVar(&o.download, "download", "", "download the images too, into this `directory`")
	flags.StringVar(&o.variant, "variant", "", "download the variant of this `name` (default: the original)")
	flags.IntVar(&o.workers, "workers", 8, "download `n` images at a time, 1 to 64")
	flags.IntVar(&o.params.PerPage, "per-page", 0, "`n` images per page, 10 to 10000 (default: 100 with -download, otherwise 1000, the default of the API)")
	flags.StringVar((*string)(&o.params.SortOrder), "sort", "", "asc or desc, an `order` by upload time (default of the API: desc)")
	flags.Func("creator", "only images of this `creator`; if it is empty, those without one", func(creator string) error {
		o.params.Creator = &creator
		return nil
	})
	flags.BoolVar(&o.batch, "batch", false, "list through the batch host, which does not count against the rate limit; originals do")
	flags.BoolVar(&o.demo, "demo", false, "export an in-process server, without an account")
	flags.IntVar(&o.images, "images", 2500, "`n` images in the demo")
	if err := program.Parse(flags, args, stdout, "-o file [flags]", ""); err != nil {
		return nil, err
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := o.check(given); err != nil || o.download == "" {
		return o, err
	}
	o.params.PerPage = cmp.Or(o.params.PerPage, 100)
	var err error
	o.download, err = filepath.Abs(o.download) // as in the checkpoint, in whatever directory the export resumes
	return o, err
}

// check rejects what makes no sense. The library checks the rest.
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
