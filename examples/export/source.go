package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
)

// signatureLifetime is how long the signed URL of a private variant is valid:
// long enough for one attempt.
const signatureLifetime = time.Hour

// source opens the bytes of an image. Its error is the context's error or a
// *sourceError.
type source func(ctx context.Context, img *cfimages.Image) (*content, error)

// content is the body of an image and its properties.
type content struct {
	io.ReadCloser
	contentType string
	etag        string
	size        int64 // -1: unknown
}

// sourceError reports why an image could not be read from its source.
type sourceError struct {
	err       error
	scope     scope
	retryable bool
}

// scope is what a failure affects.
type scope int

const (
	permanent scope = iota // this image: retrying it does not help
	temporary              // this image, perhaps only at the moment
	allImages              // every image: the export must stop
)

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// uploadedFiles returns the source of the images as they were uploaded.
func uploadedFiles(client *cfimages.Client) source {
	return func(ctx context.Context, img *cfimages.Image) (*content, error) {
		blob, err := client.ImagesV1.Blob(ctx, img.ID)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, &sourceError{err: err, scope: scopeOf(err)} // the client has retried
		}
		return &content{blob, blob.ContentType, blob.ETag, blob.Size}, nil
	}
}

// scopeOf classifies an error of the client.
func scopeOf(err error) scope {
	for _, all := range []error{cfimages.ErrRateLimited, cfimages.ErrUnauthorized, cfimages.ErrForbidden} {
		if errors.Is(err, all) {
			return allImages
		}
	}
	apiErr, responded := errors.AsType[*cfimages.Error](err)
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams):
		return permanent // the ID cannot be put into a URL
	case !responded || apiErr.StatusCode == 0:
		return allImages
	case apiErr.StatusCode >= 500:
		return temporary
	}
	return permanent
}

// variants returns the source of one variant of the images. signer may be nil.
func variants(client *http.Client, signer *cfimages.URLSigner, name string) source {
	return func(ctx context.Context, img *cfimages.Image) (*content, error) {
		address, err := variantURL(img, name)
		if err == nil && img.RequireSignedURLs && signer != nil {
			address, err = signer.Sign(address, time.Now().Add(signatureLifetime))
		}
		if err != nil {
			return nil, &sourceError{err: err}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, &sourceError{err: withoutURL(err)}
		}
		req.Header.Set("Accept-Encoding", "identity") // so that the size can be checked
		resp, err := client.Do(req)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, &sourceError{withoutURL(err), allImages, true}
		case resp.StatusCode != http.StatusOK:
			resp.Body.Close()
			return nil, statusError(resp.StatusCode, img.RequireSignedURLs, signer != nil)
		}
		return &content{resp.Body, resp.Header.Get("Content-Type"), resp.Header.Get("Etag"), resp.ContentLength}, nil
	}
}

// variantURL returns the delivery URL of a variant.
func variantURL(img *cfimages.Image, name string) (string, error) {
	var names []string
	for _, address := range img.Variants {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		escaped := u.EscapedPath()
		last, err := url.PathUnescape(escaped[strings.LastIndexByte(escaped, '/')+1:])
		if err == nil && last == name {
			return address, nil
		}
		names = append(names, last)
	}
	return "", fmt.Errorf("the image has no variant %q, only %q", name, names)
}

// statusError returns the error for a status of a delivery URL other than 200.
func statusError(status int, private, signed bool) *sourceError {
	err := fmt.Errorf("status %d %s", status, http.StatusText(status))
	forbidden := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case forbidden && private && signed:
		return &sourceError{err: fmt.Errorf("%w: the signature was rejected: CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys", err), scope: allImages}
	case forbidden && private:
		return &sourceError{err: fmt.Errorf("%w: the image is private: set CLOUDFLARE_IMAGES_SIGNING_KEY to one of the account's signing keys", err)}
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return &sourceError{err, temporary, true}
	}
	return &sourceError{err: err}
}

// withoutURL removes the URL that net/http and net/url put into their errors: it
// may be signed.
func withoutURL(err error) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		return withURL.Err
	}
	return err
}
