package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
)

const (
	maxFile       = 10_000_000       // Cloudflare's limit of 10 MB, in its developer documentation
	maxForm       = maxFile + 64<<10 // the file, its headers and the fields before it
	uploadTimeout = 90 * time.Second // how long a browser may take to send a form

	// drainTime is how long the rest of a rejected form is read and discarded. Without
	// it, the connection would be closed at once, and the browser, which is still
	// sending, could lose the response.
	drainTime = 500 * time.Millisecond
)

// upload stores the file of a form. It streams the file to Cloudflare while the
// browser sends it. The whole file is never in memory or on disk.
func (h *handler) upload(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	conn.SetReadDeadline(time.Now().Add(uploadTimeout)) // the server's own timeouts are too short for a large file
	conn.SetWriteDeadline(time.Now().Add(uploadTimeout + 2*callTimeout))
	// If the browser disconnects in the middle of the form, the upload fails. If it
	// disconnects later, the upload still completes.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), uploadTimeout+callTimeout)
	defer cancel()
	img, err := h.store(ctx, w, r)
	if err != nil {
		w.Header().Set("Connection", "close")
		conn.SetReadDeadline(time.Now().Add(drainTime))
		h.reject(w, r, err)
		return
	}
	h.log.InfoContext(ctx, "image uploaded", "id", img.ID)
	writeImage(w, http.StatusCreated, img)
}

func (h *handler) store(ctx context.Context, w http.ResponseWriter, r *http.Request) (*cfimages.Image, error) {
	if r.ContentLength > maxForm {
		return nil, errTooLarge // before anything is sent to Cloudflare
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, errNoForm
	}
	title, file, err := readForm(form)
	if err != nil {
		return nil, err
	}
	img, err := h.client.ImagesV1.Upload(ctx, cfimages.File{
		Name: file.FileName(),
		Body: formReader{http.MaxBytesReader(w, file, maxFile)},
	}, cfimages.UploadParams{
		Creator:  creator,
		Metadata: map[string]string{"title": title},
	})
	return img, rejection(err)
}

// readForm reads a form up to the content of its file. The title must precede the
// file: fields after the file are ignored, because the upload starts at the file.
func readForm(form *multipart.Reader) (title string, file *multipart.Part, err error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return "", nil, errNoFile
		case err != nil:
			return "", nil, brokenForm(err)
		case part.FormName() == "file" && part.FileName() != "": // "" if the user chose no file
			return title, part, nil
		case part.FormName() == "title":
			text, err := io.ReadAll(io.LimitReader(part, maxBody)) // the library rejects titles that are this long
			if err != nil {
				return "", nil, brokenForm(err)
			}
			title = string(text)
		}
	}
}

// formReader marks errors of the browser's request, to distinguish them from errors
// of the request to Cloudflare.
type formReader struct{ io.Reader }

func (f formReader) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = brokenForm(err)
	}
	return n, err
}

func brokenForm(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return fmt.Errorf("%w: %w", errTooLarge, err)
	}
	return fmt.Errorf("%w: %w", errBrokenForm, err)
}

// rejection marks the error of an upload whose file Cloudflare rejected. Cloudflare
// does not document the statuses. The library makes the rest of the request, so these
// statuses are assumed to be about the file.
func rejection(err error) error {
	response, ok := errors.AsType[*cfimages.Error](err)
	if !ok {
		return err
	}
	switch response.StatusCode {
	case http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", errTooLarge, err)
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w", errBadFile, err)
	}
	return err
}
