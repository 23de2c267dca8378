package cfimages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/multipartbody"
	"github.com/cfimages/cfimages-go/internal/retry"
	"github.com/cfimages/cfimages-go/internal/send"
)

// DirectUploads creates one-time upload URLs, uploads to them, and waits for uploads to
// complete.
type DirectUploads struct {
	sender   *send.Sender
	insecure bool // plain http is allowed for all hosts
}

// DirectUploadParams are the properties of a new draft. The zero value is valid.
type DirectUploadParams struct {
	// ID is a custom ID. "" means that Cloudflare chooses one. A custom ID has at most
	// 1024 characters and may contain slashes, but not at the start or end. It must not
	// be a UUID (Cloudflare's API reference). It must be valid UTF-8, and neither
	// "config" nor one of the IDs that [ImagesV1.Get] rejects.
	ID string

	// Creator is your own ID of the user who uploads, in UTF-8, of at most 1024
	// characters (Cloudflare's OpenAPI document). "" means none.
	Creator string

	// ExpiresIn is the time until the URL expires: 2 minutes to 6 hours (Cloudflare's
	// API reference). 0 means the API's default, 30 minutes (its OpenAPI document). Use
	// at least 3 minutes, because the request takes time, too. The expiry is computed
	// from the clock of this machine.
	ExpiresIn time.Duration

	// Expiry is the time at which the URL expires. It is an alternative to ExpiresIn,
	// with the same limits.
	Expiry time.Time

	// Metadata is encoded as a JSON object of at most 1024 bytes (Cloudflare's API
	// reference), by the rules of encoding/json/v2. nil means none. Lists can be
	// filtered by it; see [Where].
	Metadata any

	// RequireSignedURLs makes the image private: it is delivered only at signed URLs;
	// see [URLSigner]. It cannot be combined with a custom ID (Cloudflare's developer
	// documentation).
	RequireSignedURLs bool
}

// DirectUpload is a draft and its one-time upload URL. Its JSON form is
// {"id": "…", "uploadURL": "https://…"}. The response of the API does not contain the
// expiry of the URL.
type DirectUpload struct {
	ID string `json:"id"`
	// UploadURL accepts one upload, without credentials, so it is a secret. Printing or
	// logging a DirectUpload leaves out its secret part. Its JSON form contains it, for
	// the browser.
	UploadURL string `json:"uploadURL"`
}

// String returns the ID and the host of the URL.
func (d DirectUpload) String() string {
	return fmt.Sprintf("DirectUpload{ID: %q, UploadURL: %q}", d.ID, publicPart(d.UploadURL))
}

// GoString returns the same as String, for %#v.
func (d DirectUpload) GoString() string { return "cfimages." + d.String() }

// LogValue returns the ID and the host of the URL, for slog.
func (d DirectUpload) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", d.ID), slog.String("upload_url", publicPart(d.UploadURL)))
}

// publicPart returns a one-time upload URL without its secret part.
func publicPart(uploadURL string) string {
	u, err := url.Parse(uploadURL)
	if err != nil || u.Host == "" {
		return "[redacted]"
	}
	return u.Scheme + "://" + u.Host + "/[redacted]"
}

const (
	minExpiry = 2 * time.Minute
	maxExpiry = 6 * time.Hour

	minPause = 250 * time.Millisecond
	maxPause = 5 * time.Second
)

// Create creates a draft and its one-time upload URL. Send the result to the browser or
// app, for example as JSON.
//
// Invalid parameters are rejected with [ErrInvalidParams] before a request is sent.
//
// The call is retried only if Cloudflare certainly did nothing; see [RetryPolicy]. If
// it is not known whether an attempt created a draft, the error is [ErrOutcomeUnknown].
// With a custom ID, check with [ImagesV1.Get] whether the draft exists. Its URL is
// lost, so delete it, but only if [Image].Draft is true: an image may have had the ID
// before. Then call Create again. Without a custom ID, just call Create again: the lost
// draft cannot be found and does no harm, because nobody has its URL, and lists do not
// contain drafts.
func (s *DirectUploads) Create(ctx context.Context, params DirectUploadParams) (*DirectUpload, error) {
	fields, err := params.fields(time.Now())
	if err != nil {
		return nil, err
	}
	contentType, form, err := multipartbody.Fields(fields)
	if err != nil {
		return nil, fmt.Errorf("cfimages: DirectUploads.Create: %w", err)
	}
	const path = "images/v2/direct_upload"
	c := &send.Call{
		Op: "DirectUploads.Create", Method: http.MethodPost, Path: path, Template: path,
		Batched: true,
		Private: true,
		Retry:   send.RetryUnserved,
		Unsure:  "a draft may have been created; with a custom ID, check with ImagesV1.Get and delete it if it is a draft; without one, create another",
		Content: send.NewContent(contentType, form),
	}
	created := new(DirectUpload)
	if failed := s.sender.Do(ctx, c, created.read); failed != nil {
		return nil, newError(failed)
	}
	return created, nil
}

// Upload uploads the file to a one-time upload URL, as [Uploader.Upload] does. It uses
// the client's HTTP client and options, but does not send its credentials.
func (s *DirectUploads) Upload(ctx context.Context, uploadURL string, file File) (*Image, error) {
	return upload(ctx, s.sender, uploadURL, file, s.insecure)
}

// Wait waits until the upload to a draft has completed, and returns the image. It
// requests the details of the image repeatedly, with pauses that grow from 250 ms to
// 5 s.
//
// Pass a context with a deadline: Cloudflare does not report that an upload will never
// complete. When the context ends, Wait returns its error. For an unknown ID, the error
// matches [ErrNotFound]. Other failures are returned if they remain after the retries.
//
// A Wait sends about 16 requests a minute, of the 240 that Cloudflare allows (1,200 in
// 5 minutes): 15 concurrent Waits are too many. So a busy backend should not use it:
// let the browser or app report that it has uploaded, and call [ImagesV1.Get] once.
// While less than a quarter of the known quota remains, Wait pauses until the next
// window, whatever MaxWait is.
func (s *DirectUploads) Wait(ctx context.Context, id string) (*Image, error) {
	images := ImagesV1{sender: s.sender}
	for pause := 2 * minPause; ; pause = min(pause*3/2, maxPause) {
		if pause == 2*minPause || !s.sender.IsQuotaReserved() {
			img, err := images.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			if !img.Draft {
				return img, nil
			}
		}
		if retry.Sleep(ctx, pause/2+rand.N(pause/2)) != nil {
			return nil, fmt.Errorf("cfimages: DirectUploads.Wait: image %q is still a draft: %w", id, send.Cancellation(ctx))
		}
	}
}

// fields returns the fields of the form to send, or every violation, joined.
func (p *DirectUploadParams) fields(now time.Time) ([]multipartbody.Field, error) {
	image := UploadParams{ID: p.ID, Creator: p.Creator, Metadata: p.Metadata, RequireSignedURLs: p.RequireSignedURLs}
	fields, err := image.fields()
	expiry, invalid := p.expiry(now)
	if expiry != "" {
		fields = append(fields, multipartbody.Field{Name: "expiry", Value: expiry})
	}
	return fields, errors.Join(err, invalid)
}

// expiry returns the text of the expiry to send, "" for the default.
func (p *DirectUploadParams) expiry(now time.Time) (string, error) {
	in, param := p.ExpiresIn, "ExpiresIn"
	switch {
	case p.Expiry.IsZero() && in == 0:
		return "", nil
	case !p.Expiry.IsZero() && in != 0:
		return "", paramErrorf("Expiry", "cannot be combined with ExpiresIn: leave one out")
	case !p.Expiry.IsZero():
		in, param = p.Expiry.Sub(now), "Expiry"
	}
	if in < minExpiry || in > maxExpiry {
		return "", paramErrorf(param, "must be between 2 minutes and 6 hours from now, got %v", in)
	}
	return now.Add(in).UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil
}

// read decodes the response to a create.
func (d *DirectUpload) read(r *send.Response) error {
	dec := r.Decoder()
	err := envelope.ReadObjectResult(dec, func(name []byte) error {
		switch string(name) {
		case "id":
			return envelope.ReadString(dec, &d.ID)
		case "uploadURL":
			return envelope.ReadString(dec, &d.UploadURL)
		}
		return dec.SkipValue()
	})
	if err != nil {
		return err
	}
	if u, err := url.Parse(d.UploadURL); d.ID == "" || err != nil || u.Host == "" {
		return errors.New("the result lacks an ID or a valid upload URL")
	}
	return nil
}
