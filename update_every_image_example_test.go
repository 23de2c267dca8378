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
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// setStatus gives the metadata field "status" to every image that lacks it. After each
// page it stores in a file where the next call resumes.
func setStatus(ctx context.Context, client *cfimages.Client, checkpoint string) error {
	token, err := os.ReadFile(checkpoint)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	params := cfimages.ListParams{PerPage: 100, SortOrder: cfimages.SortAscending, ContinuationToken: string(token)}
	for page, err := range client.ImagesV2.Pages(ctx, params) {
		if err != nil {
			return err // ErrBadRequest: the token is no longer accepted, delete the file
		}
		for _, img := range page.Images {
			meta := make(map[string]json.RawMessage)
			if err := img.DecodeMeta(&meta); err != nil {
				return err
			}
			if meta["status"] != nil {
				continue
			}
			meta["status"] = json.RawMessage(`"active"`) // Update replaces all of the metadata
			if _, err := client.ImagesV1.Update(ctx, img.ID, cfimages.UpdateParams{Metadata: meta}); err != nil && !errors.Is(err, cfimages.ErrNotFound) {
				return err // ErrNotFound: deleted since it was listed
			}
		}
		if err := os.WriteFile(checkpoint, []byte(page.ContinuationToken), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Give a metadata field to every image that lacks it. The client sends as many
// requests as the rate limit allows, and waits when the limit is reached. If the
// program is stopped, its next run resumes at the page it was working on; a run after
// the last page starts over.
func ExampleImagesV1_Update_everyImage() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Seed(250, func(i int) cfimages.Image { return cfimages.Image{Meta: fmt.Appendf(nil, `{"n":%d}`, i)} })
	policy := cfimages.DefaultRetryPolicy()
	policy.MaxWait = 5 * time.Minute // the window of the rate limit; a longer wait is an error
	client := server.Client(cfimages.WithRetryPolicy(policy))
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	if err := setStatus(context.Background(), client, filepath.Join(dir, "checkpoint")); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", server.Images()[249].Meta)
	// Output: {"n":249,"status":"active"}
}
