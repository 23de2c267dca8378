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

// DirectUploads makes one-time upload URLs, uploads to them, and waits for the
// uploads of others.
type DirectUploads struct {
	sender   *send.Sender
	insecure bool // plain http is allowed
}

// DirectUploadParams say what a future image will be. The zero value is valid.
type DirectUploadParams struct {
	// ID is a custom ID; "" lets Cloudflare choose one. At most 1024 characters of
	// UTF-8 with any number of subpaths, no slash at an end, not a UUID
	// (Cloudflare's API reference), and nothing that could not be addressed
	// afterwards: see [ImagesV1.Get].
	ID string

	// Creator is an ID of your own for who uploads, in UTF-8; "" leaves it unset.
	Creator string

	// ExpiresIn is how long from now the URL can be used: 2 minutes to 6 hours
	// (Cloudflare's API reference). At the lower limit, leave a margin for the
	// way there. 0 means the API's default, 30 minutes (its OpenAPI document).
	ExpiresIn time.Duration

	// Expiry is when the URL expires, instead of ExpiresIn and with its limits.
	Expiry time.Time

	// Metadata is marshalled to one JSON object of at most 1024 bytes (Cloudflare's
	// API reference), by the rules of encoding/json/v2; nil leaves it out. Lists can
	// be filtered by it; see [Where].
	Metadata any

	// RequireSignedURLs makes the image private: it is delivered only at signed
	// URLs; see [URLSigner]. Cloudflare does not allow it together with a custom ID
	// (its developer documentation).
	RequireSignedURLs bool
}

// DirectUpload is a draft and the URL that completes it.
type DirectUpload struct {
	ID string `json:"id"`
	// UploadURL takes one upload without further credentials: whoever has it can
	// use it. Printing or logging a DirectUpload leaves out its secret part;
	// encoding one as JSON, for the browser that is to upload, does not.
	UploadURL string `json:"uploadURL"`
}

// String returns the ID and the host of the URL.
func (d DirectUpload) String() string {
	return fmt.Sprintf("DirectUpload{ID: %q, UploadURL: %q}", d.ID, publicPart(d.UploadURL))
}

// GoString returns the same as String, for %#v.
func (d DirectUpload) GoString() string { return "cfimages." + d.String() }

// LogValue returns what String tells, for slog.
func (d DirectUpload) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", d.ID), slog.String("upload_url", publicPart(d.UploadURL)))
}

// publicPart returns a one-time upload URL without what makes it a secret.
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

// Create makes a draft and the one-time URL that completes it.
//
// Bad parameters are refused with [ErrInvalidParams] before any request. The
// call is sent again only if the one before provably did nothing. When that is not
// known, the error is [ErrOutcomeUnknown]: there may be a draft. With a custom ID,
// [ImagesV1.Get] tells; without, there is no way to look for it, and it is
// harmless: nobody has its URL, and lists leave drafts out.
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
		Unsure:  "a draft may have been created; with a custom ID, ImagesV1.Get tells",
		Content: send.NewContent(contentType, form),
	}
	created := new(DirectUpload)
	if failed := s.sender.Do(ctx, c, created.read); failed != nil {
		return nil, newError(failed)
	}
	return created, nil
}

// Upload sends the file to a one-time upload URL, as [Uploader.Upload] does,
// with the client's HTTP client and options but without its credentials.
func (s *DirectUploads) Upload(ctx context.Context, uploadURL string, file File) (*Image, error) {
	return upload(ctx, s.sender, uploadURL, file, s.insecure)
}

// Wait waits until the upload to a draft has completed, and returns the image. It
// requests the details of the image repeatedly, after pauses that grow from 250 ms
// to 5 s.
//
// It ends with the context's error when the context ends, so give it a deadline:
// Cloudflare does not report that a draft will never be completed. An unknown ID is
// [ErrNotFound]. Any other failure that outlasts the retry policy is returned too.
//
// Once its pauses have grown, a Wait sends about 16 requests a minute, and Cloudflare
// allows 240 (1,200 in 5 minutes): a hundred Waits at once would send 1,600. While
// less than a quarter of the known quota remains, Wait sends nothing and leaves it
// to other calls. A busy backend does not wait at all: the browser or app reports
// that it has uploaded, and the backend calls [ImagesV1.Get] once.
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

// expiry returns the expiry as it is sent, "" for the default.
func (p *DirectUploadParams) expiry(now time.Time) (string, error) {
	in, param := p.ExpiresIn, "ExpiresIn"
	switch {
	case p.Expiry.IsZero() && in == 0:
		return "", nil
	case !p.Expiry.IsZero() && in != 0:
		return "", paramErrorf("Expiry", "and ExpiresIn were both given: leave one out")
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
