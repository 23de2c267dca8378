package main

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
)

const pngHeader = "\x89PNG\r\n\x1a\n"

// field is a field of a form, or a file if it has a file name.
type field struct {
	name, fileName string
	content        io.Reader
}

func titled(title string) field { return field{name: "title", content: strings.NewReader(title)} }
func pictured(content string) field {
	return field{"file", "cat.png", strings.NewReader(content)}
}

// writeForm writes a form, part by part.
func writeForm(form *multipart.Writer, fields ...field) error {
	for _, f := range fields {
		part, err := form.CreateFormField(f.name)
		if f.fileName != "" {
			part, err = form.CreateFormFile(f.name, f.fileName)
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(part, f.content); err != nil {
			return err
		}
	}
	return form.Close()
}

// streamForm posts a form of unknown length, and sends it while it is written.
func streamForm(ctx context.Context, client *http.Client, url string, fields ...field) (*http.Response, error) {
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(writeForm(form, fields...)) }()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/images", body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	return client.Do(r)
}

// postForm posts a form of known length to the handler.
func postForm(h http.Handler, fields ...field) *httptest.ResponseRecorder {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := writeForm(form, fields...); err != nil {
		panic(err)
	}
	return postImage(h, form.FormDataContentType(), &body)
}

func postImage(h http.Handler, contentType string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/images", body)
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// zeros reads as n zero bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// readerFunc is a function that implements io.Reader.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
