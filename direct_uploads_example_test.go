package cfimages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// A backend creates a one-time URL, an app uploads to it without credentials, and the
// backend checks whether the upload has completed.
func ExampleDirectUploads_Create() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	upload, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		ID:        "users/alice/avatar",
		Creator:   "alice",
		ExpiresIn: 10 * time.Minute,
		Metadata:  map[string]any{"kind": "avatar"},
	})
	if err != nil {
		log.Fatal(err)
	}

	app := cfimages.Uploader{HTTPClient: server.HTTPClient()} // the zero value in an app
	if _, err := app.Upload(ctx, upload.UploadURL, cfimages.File{Name: "me.png", Body: strings.NewReader(png)}); err != nil {
		log.Fatal(err)
	}

	img, err := client.ImagesV1.Get(ctx, upload.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Filename, "by", img.Creator, "uploaded:", !img.Draft)
	// Output: me.png by alice uploaded: true
}

// Upload to a one-time URL with the HTTP client and the retry policy of a client, but
// without its credentials.
func ExampleDirectUploads_Upload() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	upload, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "logo"})
	if err != nil {
		log.Fatal(err)
	}

	img, err := client.DirectUploads.Upload(ctx, upload.UploadURL, cfimages.File{Name: "logo.png", Body: strings.NewReader(png)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID, img.Filename)
	// Output: logo logo.png
}

// Wait until the user has uploaded. The deadline of the context limits the wait.
func ExampleDirectUploads_Wait() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()
	upload, err := client.DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = client.DirectUploads.Wait(ctx, upload.ID)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("not uploaded yet")
	case err != nil:
		log.Fatal(err)
	}
	// Output: not uploaded yet
}

// The upload URL is a secret. Printing and logging leave it out. JSON for the browser
// contains it.
func ExampleDirectUpload() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	upload, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})
	if err != nil {
		log.Fatal(err)
	}

	encoded, err := json.Marshal(upload)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("printed:", strings.Contains(fmt.Sprint(upload), upload.UploadURL))
	fmt.Println("in JSON:", bytes.Contains(encoded, []byte(upload.UploadURL)))
	// Output:
	// printed: false
	// in JSON: true
}

// newFormRequest returns a request that posts a form with a small picture.
func newFormRequest(field, filename string) *http.Request {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile(field, filename) // writing to a bytes.Buffer does not fail
	_, _ = io.WriteString(part, png)
	_ = form.Close()
	req := httptest.NewRequest(http.MethodPost, "/", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return req
}
