package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// countImages counts the images of the account. After each page it stores in a file
// where the next call resumes: after an error, a crash or a kill of the program.
func countImages(ctx context.Context, client *cfimages.Client, checkpoint string) (count int, err error) {
	token, err := os.ReadFile(checkpoint)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	params := cfimages.ListParams{PerPage: 10, ContinuationToken: string(token)}
	for page, err := range client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return count, err
		}
		count += len(page.Images)
		if page.ContinuationToken == "" {
			break // the last page
		}
		if err := os.WriteFile(checkpoint, []byte(page.ContinuationToken), 0o600); err != nil {
			return count, err
		}
	}
	return count, os.RemoveAll(checkpoint)
}

// Store the token of the next page after each page, so that the next run of the program
// resumes there.
func ExampleImagesV2_Pages_checkpoint() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(25, func(int) cfimages.Image { return cfimages.Image{} })
	server.Inject(imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.EdgePage(502)}) // the second page fails
	client := server.Client(cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	for range 2 {
		count, err := countImages(context.Background(), client, filepath.Join(dir, "checkpoint"))
		fmt.Println(count, "images, complete:", err == nil)
	}
	// Output:
	// 10 images, complete: false
	// 15 images, complete: true
}
