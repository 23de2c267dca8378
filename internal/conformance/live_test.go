package conformance_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// TestLive runs the cases without faults against Cloudflare itself if
// CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set, and otherwise against
// a server of imagestest over TCP. The account's own images are not changed; what
// the cases make is deleted again.
func TestLive(t *testing.T) {
	f := &fixture{live: true}
	if os.Getenv("CLOUDFLARE_API_TOKEN") != "" && os.Getenv("CLOUDFLARE_ACCOUNT_ID") != "" {
		client, err := cfimages.NewClient()
		require.NoError(t, err)
		f.client = client
	} else {
		server := imagestest.NewServer()
		defer server.Close()
		f.client = server.Client()
	}
	for _, c := range plainCases() {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := c.call(ctx, f)
			c.want.checkError(t, err)
		})
	}
}

// plainCases are the cases without faults. Their calls find or make what they
// need on any server, and do not depend on what else is stored there.
func plainCases() []testCase {
	return []testCase{
		{name: "a list", call: listSome, want: outcome{requests: 1}},
		{name: "a list of a creator without images", call: listOfNobody, want: outcome{requests: 1}},
		{name: "a walk with filters that match nothing", call: walkOverNothing, want: outcome{requests: 1}},
		{
			name: "details of an image that does not exist",
			call: func(ctx context.Context, f *fixture) error {
				_, err := f.client.ImagesV1.Get(ctx, f.unique())
				return err
			},
			want: outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 1, requests: 1},
		},
		{
			name: "a deletion of an image that does not exist",
			call: func(ctx context.Context, f *fixture) error { return f.client.ImagesV1.Delete(ctx, f.unique()) },
			want: outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 1, requests: 1},
		},
		{
			name: "parameters that are rejected before sending",
			call: func(ctx context.Context, f *fixture) error {
				_, err := f.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "a", RequireSignedURLs: true})
				return err
			},
			want: outcome{is: targets(cfimages.ErrInvalidParams)},
		},
		{name: "from a create to a deletion", call: wholeLife, want: outcome{requests: 7}},
		{name: "a private image", call: privateDraft, want: outcome{requests: 3}},
		{name: "from an upload by a backend to a deletion", call: backendLife, want: outcome{requests: 4}},
		{name: "the counts of the account", call: counts, want: outcome{requests: 1}},
		{name: "the variants of the account", call: publicVariant, want: outcome{requests: 2}},
	}
}

// unique returns an ID that no other image has. It changes from run to run only
// on a server that lasts.
func (f *fixture) unique() string {
	if !f.live {
		return "cfimages-test/none"
	}
	return fmt.Sprintf("cfimages-test/%d", time.Now().UnixNano())
}

func listSome(ctx context.Context, f *fixture) error {
	page, err := f.client.ImagesV2.List(ctx, cfimages.ListParams{PerPage: 10, SortOrder: cfimages.SortDescending})
	if err == nil && len(page.Images) > 10 {
		return fmt.Errorf("a page of %d", len(page.Images))
	}
	return err
}

func listOfNobody(ctx context.Context, f *fixture) error {
	page, err := f.client.ImagesV2.List(ctx, cfimages.ListParams{Creator: new(f.unique())})
	if err == nil && len(page.Images) > 0 {
		return fmt.Errorf("images of nobody: %v", page)
	}
	return err
}

func walkOverNothing(ctx context.Context, f *fixture) error {
	params := cfimages.ListParams{PerPage: 10, Meta: cfimages.Where(
		cfimages.Eq("cfimages_test.none", f.unique()), cfimages.Gte("n", 1), cfimages.Lt("n", 2.5), cfimages.In("a", "x", "y"), cfimages.Eq("b", true),
	)}
	for img, err := range f.client.ImagesV2.All(ctx, params) {
		if err != nil {
			return err
		}
		return fmt.Errorf("an image that should not match: %v", img)
	}
	return nil
}

// wholeLife creates a draft, looks at it, uploads, waits, looks and deletes.
func wholeLife(ctx context.Context, f *fixture) (err error) {
	id := f.unique()
	created, err := f.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		ID: id, Creator: "cfimages-test", ExpiresIn: time.Hour, Metadata: map[string]any{"n": 1, "region": map[string]string{"name": "eu"}},
	})
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.client.ImagesV1.Delete(ctx, id)) }()
	draft, err := f.client.ImagesV1.Get(ctx, id)
	if err != nil || !draft.Draft || created.ID != id {
		return fmt.Errorf("not the draft: %v, %w", draft, err)
	}
	uploader := cfimages.Uploader{HTTPClient: f.plainHTTP()}
	uploaded, err := uploader.Upload(ctx, created.UploadURL, cfimages.File{Name: "pixel.png", ContentType: "image/png", Body: strings.NewReader(canned.PNG)})
	if err != nil || uploaded.ID != id {
		return fmt.Errorf("not the upload: %v, %w", uploaded, err)
	}
	img, err := f.client.DirectUploads.Wait(ctx, id)
	if err != nil {
		return err
	}
	var meta struct {
		N int `json:"n"`
	}
	if err := img.DecodeMeta(&meta); err != nil || meta.N != 1 || img.ID != id || img.Creator != "cfimages-test" || img.Filename != "pixel.png" {
		return fmt.Errorf("not the image: %v, %w", img, err)
	}
	return f.isListed(ctx, id)
}

// isListed looks for an image by its metadata, and by metadata of another type,
// which it does not have. Cloudflare does not say how soon a list shows an image:
// a live one is only refused when it matches what it should not.
func (f *fixture) isListed(ctx context.Context, id string) error {
	find := func(n cfimages.Condition) (found bool, err error) {
		params := cfimages.ListParams{Creator: new("cfimages-test"), Meta: cfimages.Where(cfimages.Eq("region.name", "eu"), n)}
		page, err := f.client.ImagesV2.List(ctx, params)
		return err == nil && slices.ContainsFunc(page.Images, func(img cfimages.Image) bool { return img.ID == id }), err
	}
	if found, err := find(cfimages.Eq("n", 1)); err != nil || !found && !f.live {
		return fmt.Errorf("the image is not in the list: %w", err)
	}
	if found, err := find(cfimages.Eq("n", "1")); err != nil || found {
		return fmt.Errorf("a number was found as a string: %w", err)
	}
	return nil
}

// privateDraft creates a draft of a private image, with an ID by the server.
func privateDraft(ctx context.Context, f *fixture) (err error) {
	created, err := f.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{RequireSignedURLs: true})
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.client.ImagesV1.Delete(ctx, created.ID)) }()
	draft, err := f.client.ImagesV1.Get(ctx, created.ID)
	if err == nil && (!draft.Draft || !draft.RequireSignedURLs) {
		return fmt.Errorf("not a private draft: %v", draft)
	}
	return err
}

// backendLife uploads an image, changes it, looks and deletes.
func backendLife(ctx context.Context, f *fixture) (err error) {
	id := f.unique()
	file := cfimages.File{Name: "pixel.png", ContentType: "image/png", Body: strings.NewReader(canned.PNG)}
	img, err := f.client.ImagesV1.Upload(ctx, file, cfimages.UploadParams{ID: id, Creator: "cfimages-test", Metadata: map[string]any{"n": 1, "old": true}})
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.client.ImagesV1.Delete(ctx, id)) }()
	if img.ID != id || img.Filename != "pixel.png" {
		return fmt.Errorf("not the upload: %v", img)
	}
	if _, err := f.client.ImagesV1.Update(ctx, id, cfimages.UpdateParams{Metadata: map[string]int{"n": 2}}); err != nil {
		return err
	}
	img, err = f.client.ImagesV1.Get(ctx, id)
	var meta map[string]int
	if err == nil && (img.DecodeMeta(&meta) != nil || len(meta) != 1 || meta["n"] != 2 || img.Creator != "cfimages-test") {
		return fmt.Errorf("not the changed image: %v", img)
	}
	return err
}

func counts(ctx context.Context, f *fixture) error {
	stats, err := f.client.ImagesV1.Stats(ctx)
	if err == nil && (stats.Current < 0 || stats.Allowed <= 0) {
		return fmt.Errorf("not the counts: %+v", stats)
	}
	return err
}

// publicVariant looks for the variant that every account has, in the list and by itself.
func publicVariant(ctx context.Context, f *fixture) error {
	variants, err := f.client.Variants.List(ctx)
	if err != nil {
		return err
	}
	v, err := f.client.Variants.Get(ctx, "public")
	if err == nil && !slices.Contains(variants, *v) {
		return fmt.Errorf("%+v is not among %+v", v, variants)
	}
	return err
}
