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

// signedFor is how long the URL of a private variant is good: long enough for
// one attempt.
const signedFor = time.Hour

// source opens the bytes of an image. Its errors are those of the context, or a
// *sourceError.
type source func(ctx context.Context, img *cfimages.Image) (*content, error)

// content is an image while it arrives.
type content struct {
	io.ReadCloser
	contentType string
	etag        string
	size        int64 // -1: unknown
}

// sourceError is why the bytes of an image did not come.
type sourceError struct {
	err   error
	scope scope
	again bool // another attempt may help
}

// scope says whom a failure is about, and so what to do.
type scope int

const (
	lasting scope = iota // this image, now and later
	passing              // perhaps only this moment
	general              // every image: the export has to stop
)

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// originals is the source of images as they were uploaded.
func originals(client *cfimages.Client) source {
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

// scopeOf judges an error of the client.
func scopeOf(err error) scope {
	for _, all := range []error{cfimages.ErrRateLimited, cfimages.ErrUnauthorized, cfimages.ErrForbidden} {
		if errors.Is(err, all) {
			return general
		}
	}
	refused, responded := errors.AsType[*cfimages.Error](err)
	switch {
	case errors.Is(err, cfimages.ErrInvalidParams):
		return lasting // an ID that cannot be addressed
	case !responded || refused.StatusCode == 0:
		return general
	case refused.StatusCode >= 500:
		return passing
	}
	return lasting
}

// variants is the source of one variant of the images. signer may be nil.
func variants(client *http.Client, signer *cfimages.URLSigner, name string) source {
	return func(ctx context.Context, img *cfimages.Image) (*content, error) {
		address, err := variantURL(img, name)
		if err == nil && img.RequireSignedURLs && signer != nil {
			address, err = signer.Sign(address, time.Now().Add(signedFor))
		}
		if err != nil {
			return nil, &sourceError{err: err}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, &sourceError{err: withoutURL(err)}
		}
		req.Header.Set("Accept-Encoding", "identity") // the size is to be checked
		resp, err := client.Do(req)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, &sourceError{withoutURL(err), general, true}
		case resp.StatusCode != http.StatusOK:
			resp.Body.Close()
			return nil, refusal(resp.StatusCode, img.RequireSignedURLs, signer != nil)
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

// refusal is the error of a delivery URL that answers with a status that is no
// success.
func refusal(status int, private, signed bool) *sourceError {
	err := fmt.Errorf("status %d %s", status, http.StatusText(status))
	forbidden := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case forbidden && private && signed:
		return &sourceError{err: fmt.Errorf("%w: the signature was rejected: CLOUDFLARE_IMAGES_SIGNING_KEY must be one of the account's signing keys", err), scope: general}
	case forbidden && private:
		return &sourceError{err: fmt.Errorf("%w: the image is private: set CLOUDFLARE_IMAGES_SIGNING_KEY to one of the account's signing keys", err)}
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return &sourceError{err, passing, true}
	}
	return &sourceError{err: err}
}

// withoutURL takes off the URL, which may be signed, that net/http and net/url
// put into their errors.
func withoutURL(err error) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		return withURL.Err
	}
	return err
}
