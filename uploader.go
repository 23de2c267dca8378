package cfimages

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/multipartbody"
	"github.com/cfimages/cfimages-go/internal/send"
)

// Uploader uploads to one-time upload URLs. It needs no credentials: it is for apps and
// devices that received such a URL from a backend. The zero value is ready to use. An
// Uploader is safe for concurrent use and must not be copied after its first use.
// Create one and share it, because it reuses its connections.
//
// It uses the [DefaultRetryPolicy] and the default of [WithRequestTimeout].
// [DirectUploads.Upload] uses the options of a client instead.
type Uploader struct {
	// HTTPClient sends the uploads. It is copied at the first upload and not changed.
	// The copy does not follow redirects. nil means the default client; see
	// [WithHTTPClient].
	HTTPClient *http.Client

	once   sync.Once
	sender *send.Sender
}

// File is a file to upload.
type File struct {
	// Name is the file name that is stored with the image. "" means "image". It must be
	// valid UTF-8, without control characters.
	Name string

	// ContentType is the media type of the file, such as "image/png". "" means
	// application/octet-stream:
	// Cloudflare then detects the format.
	ContentType string

	// Body has the bytes of the file. It is read from its current position to its end
	// while it is sent. It is neither held in memory nor closed.
	//
	// Body is not read after the call has returned, with one exception: if the call
	// fails while a Read blocks, the call waits one second for that Read and then
	// returns, so the Read may still run. This concerns only a Body that neither seeks
	// nor has a Len method, such as a pipe or the part of a form. The end of the
	// context does not end such a Read: an HTTP handler that uploads a part of a form
	// should also set a read deadline, with http.ResponseController.
	//
	// If Body is an io.Seeker, such as a file, a retry, if the [RetryPolicy] allows
	// one, starts again at the same position.
	Body io.Reader

	// Size is the number of bytes in Body. 0 and -1 mean unknown: the size is then
	// determined if Body can seek or has a Len method. Otherwise the file is sent with
	// chunked encoding. If Size is wrong, the call fails: with [ErrInvalidParams] if
	// the size can be determined, otherwise while the file is sent. An empty file is
	// rejected with ErrInvalidParams if the size can be determined.
	Size int64

	// Progress, if not nil, is called after each part of the file has been sent, with
	// the number of bytes sent and the size of the file, -1 if unknown. A retry starts
	// again with the first part. Progress should return quickly, because sending waits
	// for it.
	Progress func(sent, total int64)
}

// Upload uploads the file to a one-time upload URL, and returns the image. Only its ID
// is certain to be set.
//
// Invalid parameters are rejected with [ErrInvalidParams] before a request is sent. The
// URL must be https, except for loopback hosts. The error probably matches
// [ErrNotFound] for an unknown URL, [ErrConflict] for a used one, and [ErrGone] for an
// expired one, as in Cloudflare's local simulator; Cloudflare does not document these
// statuses. It accepts files of up to 10 MB (its developer documentation) and checks
// size and format itself. Errors do not contain the URL.
//
// After a byte of the request was sent, the upload is not retried. If it is not known
// whether the upload completed, the error is [ErrOutcomeUnknown]: check with
// [ImagesV1.Get]. If the image is still a draft, upload again.
func (u *Uploader) Upload(ctx context.Context, uploadURL string, file File) (*Image, error) {
	u.once.Do(func() {
		u.sender = send.New(send.Config{
			HTTP:      u.HTTPClient,
			UserAgent: userAgent(""),
			Policy:    send.Policy(DefaultRetryPolicy()),
			Timeout:   defaultRequestTimeout,
		})
	})
	return upload(ctx, u.sender, uploadURL, file, false)
}

// bodyPatience is how long an upload that has ended waits for a blocked Read of its
// Body.
const bodyPatience = time.Second

// upload sends the file without credentials. Plain http is allowed for loopback hosts,
// and for all if insecure.
func upload(ctx context.Context, sender *send.Sender, uploadURL string, file File, insecure bool) (*Image, error) {
	var invalid error
	if reason := endpointProblem(uploadURL, insecure); reason != "" {
		invalid = &ParamError{Param: "uploadURL", Reason: reason}
	}
	if err := errors.Join(invalid, file.check()); err != nil {
		return nil, err
	}
	form, err := file.form(nil)
	if err != nil {
		return nil, err
	}
	defer form.Release(bodyPatience)
	c := &send.Call{
		Op: "DirectUploads.Upload", Method: http.MethodPost, UploadURL: uploadURL, Template: "{one-time upload URL}",
		Secrets: secretsOf(uploadURL),
		Retry:   send.RetryUnsent,
		Unsure:  "the image may have been uploaded; check with ImagesV1.Get",
		Content: contentOf(form),
	}
	img := new(Image)
	failed := sender.Do(ctx, c, func(r *send.Response) error { return readUploaded(r.Decoder(), img) })
	if failed != nil {
		return nil, newError(failed)
	}
	return img, nil
}

// check returns every violation that can be found without reading the Body, joined.
func (f *File) check() error {
	var errs []error
	if f.Size < -1 {
		errs = append(errs, paramErrorf("Size", "must be -1, 0 or the number of bytes in Body, got %d", f.Size))
	}
	if f.Body == nil {
		errs = append(errs, paramErrorf("Body", "must not be nil"))
	}
	if err := multipartbody.CheckFileName(f.Name); err != nil {
		errs = append(errs, &ParamError{Param: "Name", Reason: err.Error()})
	}
	if f.ContentType != "" {
		if err := multipartbody.CheckContentType(f.ContentType); err != nil {
			errs = append(errs, &ParamError{Param: "ContentType", Reason: err.Error()})
		}
	}
	return errors.Join(errs...)
}

// form returns the multipart form of the fields and the file.
func (f *File) form(fields []multipartbody.Field) (*multipartbody.Form, error) {
	form, err := multipartbody.New(fields, "file", cmp.Or(f.Name, "image"), f.ContentType, f.Body, f.Size)
	switch {
	case errors.As(err, new(*multipartbody.SizeError)):
		return nil, &ParamError{Param: "Size", Reason: err.Error()}
	case err != nil:
		return nil, &ParamError{Param: "Body", Reason: err.Error()}
	case form.FileLen() == 0:
		return nil, paramErrorf("Body", "is empty, or has been read to its end: give a Body with the bytes of the file")
	}
	form.OnProgress = f.Progress
	return form, nil
}

// contentOf returns the content of a call that sends a form. The body of an attempt is
// closed when the attempt ends.
func contentOf(form *multipartbody.Form) *send.Content {
	open := func(ctx context.Context) (io.ReadCloser, error) {
		body, err := form.Open()
		if err == nil {
			context.AfterFunc(ctx, func() { body.Close() })
		}
		return body, err
	}
	return &send.Content{Type: form.ContentType(), Size: form.Len(), Open: open, Spent: form.Spent}
}

// secretsOf returns the parts of a one-time upload URL that must not appear in texts.
func secretsOf(uploadURL string) []string {
	secrets := []string{uploadURL}
	if u, err := url.Parse(uploadURL); err == nil {
		secrets = append(secrets, u.RequestURI(), u.EscapedPath(), u.Path, path.Base(u.Path))
		for _, values := range u.Query() {
			secrets = append(secrets, values...)
		}
	}
	return secrets
}

// readUploaded decodes the response to an upload: an envelope with the image, or one
// with only its ID.
func readUploaded(dec *jsontext.Decoder, img *Image) error {
	var e envelope.Envelope
	err := e.ReadSuccess(dec, func() error { return img.decode(dec) })
	switch {
	case err != nil:
		return err
	case !e.HasResult && e.ID == "":
		return errors.New("the response has neither a result nor an ID")
	case !e.HasResult:
		*img = Image{ID: e.ID}
	}
	return nil
}
