package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/cfimages/cfimages-go"
)

// signedFor is how long the URL of a private variant is valid: long enough for one
// attempt.
const signedFor = time.Hour

// content is an image while it arrives.
type content struct {
	io.ReadCloser
	contentType string
	etag        string
	size        int64 // -1: unknown
}

// sourceError is a failure to get the bytes of an image.
type sourceError struct {
	err   error
	scope scope
	retry bool // another attempt may succeed
}

// scope is what a failure is about. It decides what the export does next.
type scope int

const (
	lasting scope = iota // this image, now and later
	passing              // perhaps only this moment
	general              // every image: the export has to stop
)

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// original opens an image as it was uploaded.
func (c *connection) original(ctx context.Context, id string) (*content, error) {
	blob, err := c.Client.ImagesV1.Blob(ctx, id)
	if err != nil {
		return nil, &sourceError{err: err, scope: scopeOf(err)} // the client has already retried
	}
	return &content{blob, blob.ContentType, blob.ETag, blob.Size}, nil
}

// scopeOf judges an error of the client.
func scopeOf(err error) scope {
	refused, responded := errors.AsType[*cfimages.Error](err)
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams):
		return lasting // an ID that cannot be addressed
	case !responded, refused.StatusCode == 0,
		errors.Is(err, cfimages.ErrRateLimited), errors.Is(err, cfimages.ErrUnauthorized), errors.Is(err, cfimages.ErrForbidden):
		return general
	case refused.StatusCode >= 500:
		return passing
	}
	return lasting
}

// variant opens the variant of an image that has a name.
func (c *connection) variant(ctx context.Context, img *cfimages.Image, name string) (*content, error) {
	address, err := variantURL(img, name)
	if err == nil && img.RequireSignedURLs && c.signer != nil {
		address, err = c.signer.Sign(address, time.Now().Add(signedFor))
	}
	var req *http.Request
	if err == nil {
		req, err = http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	}
	if err != nil {
		return nil, &sourceError{err: withoutURL(err)}
	}
	req.Header.Set("Accept-Encoding", "identity") // to compare the size
	resp, err := c.delivery.Do(req)
	if err != nil {
		return nil, &sourceError{withoutURL(err), general, true}
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, c.refusal(resp.StatusCode, img.RequireSignedURLs)
	}
	return &content{resp.Body, resp.Header.Get("Content-Type"), resp.Header.Get("Etag"), resp.ContentLength}, nil
}

// variantURL returns the delivery URL of a variant.
func variantURL(img *cfimages.Image, name string) (string, error) {
	var names []string
	for _, address := range img.Variants {
		last, err := url.PathUnescape(path.Base(address))
		if err == nil && last == name {
			return address, nil
		}
		names = append(names, last)
	}
	return "", fmt.Errorf("the image has no variant %q, only %q", name, names)
}

// refusal is the error of a delivery response without an image.
func (c *connection) refusal(status int, private bool) *sourceError {
	err := fmt.Errorf("status %d %s", status, http.StatusText(status))
	forbidden := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case forbidden && private && c.signer != nil:
		err = fmt.Errorf("%w: the signature was rejected: CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys", err)
		return &sourceError{err: err, scope: general}
	case forbidden && private:
		err = fmt.Errorf("%w: the image is private: set CLOUDFLARE_IMAGES_SIGNING_KEY to one of the account's signing keys", err)
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return &sourceError{err, passing, true}
	}
	return &sourceError{err: err}
}

// withoutURL removes the URL, which may be signed, that net/http and net/url
// put into their errors.
func withoutURL(err error) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		return withURL.Err
	}
	return err
}
