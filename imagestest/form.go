package imagestest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

// formPart is one part of a multipart/form-data body.
type formPart struct {
	name     string
	filename string // empty for a plain field
	isFile   bool
	value    []byte
}

// parseForm parses the multipart body of the call. That other content types are rejected
// with 415 is a guess.
func (c *call) parseForm() ([]formPart, error) {
	contentType, params, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || contentType != "multipart/form-data" || params["boundary"] == "" {
		return nil, reject(http.StatusUnsupportedMediaType, codeUnsupported, "The body must be multipart/form-data")
	}
	var parts []formPart
	// A multipart reader does not report a body that ends early between two parts.
	if !bytes.Contains(c.body, []byte("--"+params["boundary"]+"--")) {
		return nil, badRequest("Malformed form: the closing boundary is missing")
	}
	reader := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return nil, badRequest("Malformed form: %v", err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, badRequest("Malformed form: %v", err)
		}
		_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		_, isFile := disposition["filename"]
		parts = append(parts, formPart{
			name:     part.FormName(),
			filename: part.FileName(),
			isFile:   isFile,
			value:    value,
		})
	}
}
