package imagestest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// A file that is too large, without a large file.
func ExampleWithMaxFileSize() {
	srv := imagestest.NewServer(imagestest.WithMaxFileSize(16))
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	created, _ := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{})
	file := cfimages.File{Body: strings.NewReader("\x89PNG\r\n\x1a\n and more than that")}
	_, err := client.DirectUploads.Upload(ctx, created.UploadURL, file)

	refused, ok := errors.AsType[*cfimages.Error](err)
	fmt.Println(ok, refused.StatusCode/100 == 4, srv.Images()[0].Draft)
	// Output: true true true
}

// A test that wants its program to send documented parameters only.
func ExampleEnforce() {
	srv := imagestest.NewServer(imagestest.Enforce(imagestest.RefuseUnknownParams))
	defer srv.Close()
	req, _ := http.NewRequest(http.MethodGet, srv.URL()+"/accounts/"+imagestest.AccountID+"/images/v2?page=2", nil)
	req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)

	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 400
}

// A test of a client that sends a field which Cloudflare is not known to take.
func ExampleIgnore() {
	srv := imagestest.NewServer(imagestest.Ignore(imagestest.RefuseUnknownFields))
	defer srv.Close()
	form := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b--\r\n"
	req, _ := http.NewRequest(http.MethodPost, srv.URL()+"/accounts/"+imagestest.AccountID+"/images/v2/direct_upload", strings.NewReader(form))
	req.Header.Set("Authorization", "Bearer "+imagestest.APIToken)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")

	resp, err := srv.HTTPClient().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

// An account with a thumbnail that everybody may see.
func ExampleWithVariants() {
	srv := imagestest.NewServer(imagestest.WithVariants(imagestest.Variant{Name: "thumbnail", NeverRequireSignedURLs: true}))
	defer srv.Close()
	srv.AddImages(cfimages.Image{ID: "beach", RequireSignedURLs: true})

	for _, url := range srv.Images()[0].Variants {
		resp, err := srv.HTTPClient().Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(path.Base(url), resp.StatusCode)
	}
	// Output:
	// public 401
	// thumbnail 200
}
