package cfimages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// A server passes on the file of a form that was posted to it.
func ExampleFile_request() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	client := server.Client()

	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		picture, header, err := r.FormFile("picture")
		if err != nil {
			http.Error(w, "no picture", http.StatusBadRequest)
			return
		}
		defer picture.Close()
		upload, err := client.DirectUploads.Create(r.Context(), cfimages.DirectUploadParams{})
		if err != nil {
			http.Error(w, "try again later", http.StatusBadGateway)
			return
		}
		img, err := client.DirectUploads.Upload(r.Context(), upload.UploadURL, cfimages.File{
			Name:        header.Filename,
			ContentType: header.Header.Get("Content-Type"),
			Body:        picture,
			Size:        header.Size,
		})
		if err != nil {
			http.Error(w, "try again later", http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, "took ", img.Filename)
	})

	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, formWith("picture", "beach.png"))
	fmt.Println(reply.Code, reply.Body)
	// Output:
	// 200 took beach.png
}

// formWith returns a request that posts a form with a tiny picture.
func formWith(field, filename string) *http.Request {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile(field, filename) // a bytes.Buffer takes everything
	_, _ = io.WriteString(part, tinyPNG)
	_ = form.Close()
	req := httptest.NewRequest(http.MethodPost, "/", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return req
}

// The upload URL is a secret: printing leaves it out, encoding it for the browser
// does not.
func ExampleDirectUpload() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	upload, err := server.Client().DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{ID: "logo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := json.Marshal(upload)
	fmt.Println(bytes.Contains(fmt.Append(nil, upload), []byte(upload.UploadURL)))
	fmt.Println(bytes.Contains(reply, []byte(upload.UploadURL)), err)
	// Output:
	// false
	// true <nil>
}
