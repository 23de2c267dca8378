package imagestest

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

// upload handles DirectUploads.Upload. Guesses: the link is checked before the file, and it
// stays valid if the upload fails.
func (s *Server) upload(c *call) (response, error) {
	if carriesCredentials(c.request.Header) && s.enforces(RefuseUploadCredentials) {
		return response{}, badRequest("A one-time upload must not contain an API token or key")
	}
	if !s.findAccount(c) {
		return response{}, linkNotFound()
	}
	l, ok := c.account.store.link(c.imageID)
	switch {
	case !ok:
		return response{}, linkNotFound()
	case l.used:
		return response{}, linkUsed()
	case !c.now.Before(l.expires):
		return response{}, reject(http.StatusGone, codeGone, "Upload link expired")
	}
	parts, err := c.parseForm()
	if err != nil {
		return response{}, err
	}
	filename, f, err := s.parseFile(parts)
	if err != nil {
		return response{}, err
	}
	rec := c.account.store.complete(c.imageID, filename, f, c.now)
	if rec == nil {
		return response{}, linkUsed()
	}
	if s.simulatorResponse {
		body := appendString([]byte(`{"id":`), rec.id)
		return response{status: http.StatusOK, body: append(body, `,"success":true}`...)}, nil
	}
	return success(c.account.renderer(c.origin).appendImage(nil, rec)), nil
}

// parseFile returns the file of an upload form. Guesses: other fields are ignored, and a
// second file is rejected.
func (s *Server) parseFile(parts []formPart) (filename string, f *file, err error) {
	for _, part := range parts {
		if !isFilePart(part) {
			continue
		}
		if f != nil {
			return "", nil, badRequest("More than one file")
		}
		if f, err = s.newFile(part.value); err != nil {
			return "", nil, err
		}
		filename = strings.ToValidUTF8(part.filename, "\uFFFD")
	}
	if f == nil {
		return "", nil, badRequest("Missing file")
	}
	return filename, f, nil
}

// newFile checks that the bytes are an image that Cloudflare stores. The statuses of the
// errors are guesses.
func (s *Server) newFile(data []byte) (*file, error) {
	if int64(len(data)) > s.maxFileSize {
		return nil, reject(http.StatusRequestEntityTooLarge, codeTooLarge,
			"File too large: %d bytes, maximum %d allowed", len(data), s.maxFileSize)
	}
	contentType := sniff(data)
	if contentType == "" {
		return nil, reject(http.StatusUnsupportedMediaType, codeUnsupported,
			"Unsupported image format: expected PNG, JPEG, GIF, WebP, SVG, HEIC or AVIF")
	}
	if err := checkDimensions(data, contentType); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &file{bytes: data, contentType: contentType, etag: fmt.Sprintf(`"%x"`, sum[:16])}, nil
}

func linkNotFound() *rejection {
	return reject(http.StatusNotFound, codeNotFound, "Upload link not found")
}

func linkUsed() *rejection {
	return reject(http.StatusConflict, codeConflict, "Upload link already used")
}
