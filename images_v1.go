package cfimages

import (
	"context"
	"net/http"

	"github.com/cfimages/cfimages-go/internal/imagepath"
)

// ImagesV1 looks after one image: the API keeps these calls on its v1 paths.
type ImagesV1 struct{ sender *sender }

// Get returns the details of one image. Draft is true while a direct upload to
// it has not come.
//
// id may have subpaths. One that cannot be addressed is refused with
// [ErrInvalidParams]: an empty, "." or ".." segment, a slash at an end, control
// characters, more than 1024 characters, and what Cloudflare has beside the images:
// stats, batch_token, keys, variants, all below the last two, and what ends in
// /blob. An unknown image is [ErrNotFound].
func (s *ImagesV1) Get(ctx context.Context, id string) (*Image, error) {
	c, err := imageCall("ImagesV1.Get", http.MethodGet, id, imagepath.CheckReadable)
	if err != nil {
		return nil, err
	}
	c.batched = true
	img := new(Image)
	err = s.sender.do(ctx, c, func(r *reply) error {
		return readResult(r.decoder, func() error { return new(imageDecoder).decode(r.decoder, img) })
	})
	if err != nil {
		return nil, err
	}
	return img, nil
}

// Delete removes one image and all its variants, or the draft of one. It cannot
// be undone. id is as for Get, and may end in /blob.
//
// A nil error means that the image does not exist any more: when an attempt got
// no clear answer and the next one finds no such image, that is a success.
// Otherwise an unknown image is [ErrNotFound].
func (s *ImagesV1) Delete(ctx context.Context, id string) error {
	c, err := imageCall("ImagesV1.Delete", http.MethodDelete, id, imagepath.CheckID)
	if err != nil {
		return err
	}
	c.batched = true
	x := &exchange{sender: s.sender, call: c}
	err = x.do(ctx, func(r *reply) error { return new(envelope).readSuccess(r.decoder, nil) })
	// Only the API's own word counts: its envelope has errors.
	e, ok := err.(*Error)
	if ok && x.unclear && e.StatusCode == http.StatusNotFound && len(e.Errors) > 0 {
		return nil
	}
	return err
}

// imageCall returns a call on the path of one image, whose ID passes check.
func imageCall(op, method, id string, check func(string) error) (call, error) {
	if err := check(id); err != nil {
		return call{}, &ParamError{Param: "id", Reason: err.Error()}
	}
	return apiCall(op, method, "images/v1/"+imagepath.Escape(id), "images/v1/{id}"), nil
}
