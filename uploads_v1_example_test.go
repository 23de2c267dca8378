package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Upload a file from a backend, with a custom ID and metadata.
func ExampleImagesV1_Upload() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()

	file := cfimages.File{
		Name:        "cat.png",
		ContentType: "image/png",
		Body:        strings.NewReader(png), // or an *os.File
	}
	img, err := server.Client().ImagesV1.Upload(context.Background(), file, cfimages.UploadParams{
		ID:       "pets/cat",
		Creator:  "alice",
		Metadata: map[string]any{"status": "pending"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID, img.Filename)
	// Output: pets/cat cat.png
}

// Stream the file of a form to Cloudflare, without holding it in memory. MultipartReader
// reads a part of the form at a time. FormFile would read the whole form before the
// upload begins.
func ExampleImagesV1_Upload_form() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()

	handler := func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 11<<20) // Cloudflare's limit of 10 MB, and the rest of the form
		// The end of the context does not end a Read of the form.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Minute))
		form, err := r.MultipartReader()
		if err != nil {
			http.Error(w, "not a form", http.StatusBadRequest)
			return
		}
		part, err := form.NextPart() // the form has only this field
		if err != nil || part.FormName() != "picture" {
			http.Error(w, "no picture", http.StatusBadRequest)
			return
		}
		file := cfimages.File{Name: part.FileName(), ContentType: part.Header.Get("Content-Type"), Body: part}
		img, err := client.ImagesV1.Upload(r.Context(), file, cfimages.UploadParams{})
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge { // an error of Read: before ErrOutcomeUnknown
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			http.Error(w, "upload failed", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, "uploaded ", img.Filename)
	}

	resp := httptest.NewRecorder()
	handler(resp, newFormRequest("picture", "beach.png"))
	fmt.Println(resp.Code, resp.Body)
	// Output: 200 uploaded beach.png
}

// If it is not known whether the image was uploaded, look for its custom ID.
func ExampleImagesV1_Upload_outcomeUnknown() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.Inject(imagestest.Fault{Operation: imagestest.OpUploadImage, At: imagestest.AfterCommit, Kind: imagestest.Reset{}}) // the response is lost
	client, ctx := server.Client(), context.Background()

	img, err := client.ImagesV1.Upload(ctx, cfimages.File{Body: strings.NewReader(png)}, cfimages.UploadParams{ID: "pets/cat"})
	if errors.Is(err, cfimages.ErrOutcomeUnknown) {
		img, err = client.ImagesV1.Get(ctx, "pets/cat") // ErrNotFound: upload it again
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID)
	// Output: pets/cat
}

// Cloudflare fetches the image. The test server does not use a network: ServeSource
// sets what it finds at the URL.
func ExampleImagesV1_UploadFromURL() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.ServeSource("https://example.com/pictures/cat.png", []byte(png))

	img, err := server.Client().ImagesV1.UploadFromURL(context.Background(),
		"https://example.com/pictures/cat.png", cfimages.UploadParams{Creator: "alice"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.Filename)
	// Output: cat.png
}
