package cfimages_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Upload from an app or a device, with its progress. The app needs no credentials: it
// got the upload URL from its backend.
func ExampleUploader_Upload() {
	server := imagestest.NewServer()
	defer server.Close()
	upload, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{ID: "logo"})
	if err != nil {
		log.Fatal(err)
	}

	var uploader cfimages.Uploader
	img, err := uploader.Upload(context.Background(), upload.UploadURL, cfimages.File{
		Name:        "logo.png",
		ContentType: "image/png",
		Body:        strings.NewReader(png), // or an *os.File
		Progress:    func(sent, total int64) { fmt.Printf("%d of %d bytes\n", sent, total) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.ID)
	// Output:
	// 67 of 67 bytes
	// logo
}

// Handle the errors of an upload.
func ExampleUploader_Upload_errors() {
	server := imagestest.NewServer()
	defer server.Close()
	upload, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{})
	if err != nil {
		log.Fatal(err)
	}

	var uploader cfimages.Uploader
	for range 2 {
		_, err := uploader.Upload(context.Background(), upload.UploadURL, cfimages.File{Body: strings.NewReader(png)})
		switch {
		case err == nil:
			fmt.Println("uploaded")
		case errors.Is(err, cfimages.ErrConflict):
			fmt.Println("the URL was used before")
		case errors.Is(err, cfimages.ErrGone), errors.Is(err, cfimages.ErrNotFound):
			fmt.Println("the URL has expired: ask the backend for a new one")
		case errors.Is(err, cfimages.ErrOutcomeUnknown):
			fmt.Println("ask the backend whether the image is there")
		default:
			fmt.Println("upload failed:", err)
		}
	}
	// Output:
	// uploaded
	// the URL was used before
}

// Set the Size of a Body that cannot seek, if it is known. The upload then has a
// Content-Length and a total for Progress.
func ExampleFile_size() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, png) }))
	defer origin.Close()

	resp, err := http.Get(origin.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	file := cfimages.File{
		Name:     "cat.png",
		Body:     resp.Body,
		Size:     resp.ContentLength, // -1 if it is unknown
		Progress: func(sent, total int64) { fmt.Println(sent, "of", total) },
	}
	if _, err := server.Client().ImagesV1.Upload(context.Background(), file, cfimages.UploadParams{}); err != nil {
		log.Fatal(err)
	}
	// Output: 67 of 67
}

// Upload a file of a form that net/http has parsed. The Form example of ImagesV1.Upload
// streams it instead.
func ExampleFile_request() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()

	handler := func(w http.ResponseWriter, r *http.Request) {
		picture, header, err := r.FormFile("picture")
		if err != nil {
			http.Error(w, "no picture", http.StatusBadRequest)
			return
		}
		defer picture.Close()
		file := cfimages.File{Name: header.Filename, ContentType: header.Header.Get("Content-Type"), Body: picture, Size: header.Size}
		img, err := client.ImagesV1.Upload(r.Context(), file, cfimages.UploadParams{})
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
