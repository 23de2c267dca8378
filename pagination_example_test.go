package cfimages_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// checkpoint is where an iteration resumes.
type checkpoint struct {
	ContinuationToken string
	Skip              int
}

// countImages counts the images of the account, from the checkpoint in the file on. If
// the iteration fails, it stores in the file where the next call resumes.
func countImages(ctx context.Context, client *cfimages.Client, file string) (count int, err error) {
	var start checkpoint
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &start)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	params := cfimages.ListParams{PerPage: 10, ContinuationToken: start.ContinuationToken, Skip: start.Skip}
	for _, err := range client.ImagesV2.All(ctx, params) {
		if stopped, ok := errors.AsType[*cfimages.PageError](err); ok {
			data, _ := json.Marshal(checkpoint{stopped.ContinuationToken, stopped.Yielded})
			return count, errors.Join(err, os.WriteFile(file, data, 0o600))
		}
		count++
	}
	return count, os.RemoveAll(file) // the iteration is complete
}

// Store in a file where an iteration stopped, so that the next run of the program
// resumes there.
func ExamplePageError_checkpoint() {
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
		count, err := countImages(context.Background(), client, filepath.Join(dir, "checkpoint.json"))
		fmt.Println(count, "images, complete:", err == nil)
	}
	// Output:
	// 10 images, complete: false
	// 15 images, complete: true
}
