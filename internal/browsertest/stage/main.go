// Command stage serves the example uploadpage for the browser test, with a
// Cloudflare Images that the test can look behind.
//
// It prints the page's address, and then obeys one command a line on stdin,
// answering each with a line: "advance 1h" moves the image service's clock. It
// ends with its stdin.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/examples/uploadpage/gallery"
	"github.com/cfimages/cfimages-go/imagestest"
)

// maxFileSize is less than the page's own limit, so that the service's refusal
// can be seen, too.
const maxFileSize = 2 << 20

func main() {
	if err := run(os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

func run(stdin io.Reader, stdout, stderr io.Writer) error {
	images := imagestest.NewServer(imagestest.WithMaxFileSize(maxFileSize))
	defer images.Close()
	images.AddImages(cfimages.Image{Creator: "demo", Meta: []byte(`{"app":"another","title":"not ours"}`)})
	config, err := gallery.Demo(images.URL())
	if err != nil {
		return err
	}
	config.Log = slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := gallery.New(config)
	if err != nil {
		return err
	}
	page := httptest.NewServer(handler)
	defer page.Close()
	fmt.Fprintln(stdout, page.URL)
	return obey(stdin, stdout, images.Clock())
}

func obey(stdin io.Reader, stdout io.Writer, clock *imagestest.Clock) error {
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		text, found := strings.CutPrefix(lines.Text(), "advance ")
		if !found {
			return fmt.Errorf("unknown command %q", lines.Text())
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		clock.Advance(d)
		fmt.Fprintln(stdout, "advanced")
	}
	return lines.Err()
}
