package imagestest

import (
	"fmt"
	"net/http"
)

// getImage handles ImagesV1.Get, including drafts.
func (s *Server) getImage(c *call) (response, error) {
	rec := c.account.store.get(c.imageID)
	if rec == nil {
		return response{}, notFound()
	}
	c.showedDraft = rec.draft
	return success(c.account.renderer(c.origin).appendImage(nil, rec)), nil
}

// getBlob handles ImagesV1.Blob. It returns the uploaded bytes. That private images need
// no signature here is a guess, and so is the status for a draft.
func (s *Server) getBlob(c *call) (response, error) {
	rec := c.account.store.get(c.imageID)
	if rec == nil || rec.draft {
		return response{}, notFound()
	}
	return response{status: http.StatusOK, content: rec}, nil
}

// deleteImage handles ImagesV1.Delete. That a draft can be deleted together with its
// upload link is a guess.
func (s *Server) deleteImage(c *call) (response, error) {
	if !c.account.store.remove(c.imageID) {
		return response{}, notFound()
	}
	return success([]byte("{}")), nil
}

// allowedImages is the limit in the sample of Cloudflare's OpenAPI document. That every
// account has it is a guess. The server does not enforce it.
const allowedImages = 100_000

// countImages handles ImagesV1.Stats. That drafts do not count is a guess.
func (s *Server) countImages(c *call) (response, error) {
	return success(fmt.Appendf(nil, `{"count":{"allowed":%d,"current":%d}}`, allowedImages, c.account.store.count())), nil
}

func notFound() *rejection {
	return reject(http.StatusNotFound, codeNotFound, "Image not found")
}
