// Command stage serves the example uploadpage for the browser test, with an in-process
// image service that the test controls.
//
// It prints the URL of the page. Then it reads commands from stdin, one per line, and
// prints a line when a command is done:
//
//	advance 1h     moves the clock of the image service
//	flexible off   disables the account's flexible variants
//
// It exits at the end of stdin.
package main

import (
	"bufio"
	"context"
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

// maxFileSize is less than the page's own limit, so that the test can also see how the
// image service rejects a file.
const maxFileSize = 2 << 20

func main() {
	if err := run(os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

func run(stdin io.Reader, stdout, stderr io.Writer) error {
	images := imagestest.NewServer(imagestest.WithMaxFileSize(maxFileSize), imagestest.WithFlexibleVariants())
	defer images.Close()
	images.AddImages(cfimages.Image{Creator: "demo", Meta: []byte(`{"app":"another","title":"not ours"}`)})
	config, err := gallery.Demo(images.URL())
	if err != nil {
		return err
	}
	config.FlexibleVariants = true
	config.Log = slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := gallery.New(config)
	if err != nil {
		return err
	}
	page := httptest.NewServer(handler)
	defer page.Close()
	fmt.Fprintln(stdout, page.URL)
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		if err := execute(lines.Text(), images); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "done")
	}
	return lines.Err()
}

func execute(command string, images *imagestest.Server) error {
	name, argument, _ := strings.Cut(command, " ")
	switch {
	case name == "advance":
		d, err := time.ParseDuration(argument)
		images.Clock().Advance(d)
		return err
	case command == "flexible off":
		return images.Client().Variants.SetFlexible(context.Background(), false)
	}
	return fmt.Errorf("unknown command %q", command)
}
