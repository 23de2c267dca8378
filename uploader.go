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

// Uploader uploads to one-time upload URLs and needs no credentials: it is for
// apps and devices that were handed such a URL. The zero value works. It is safe
// for concurrent use, and must not be copied after its first use. Make one and
// share it: it keeps its connections. It tries as [DefaultRetryPolicy] says, and
// waits 30 s for a reply; [DirectUploads.Upload] follows a client's options.
type Uploader struct {
	// HTTPClient sends the uploads. It is copied at the first upload and never
	// changed; the copy does not follow redirects. nil means a client with
	// timeouts of this library's own.
	HTTPClient *http.Client

	once   sync.Once
	sender *send.Sender
}

// File is what is uploaded.
type File struct {
	// Name is the file name to be stored with the image; "" means "image".
	Name string

	// ContentType is the media type of the file; "" means
	// application/octet-stream, which leaves the format to Cloudflare.
	ContentType string

	// Body is read from where it stands to its end, as it is sent. It is not
	// closed and not kept in memory, and not read any more after Upload has
	// returned. The exception is a Body that neither seeks nor has a Len method,
	// such as a pipe: when the upload ends while a Read of it blocks, Upload waits a
	// second for it and then returns without it.
	//
	// If an attempt is to be retried after it has read of the Body, that takes an
	// io.Seeker, such as a file, which goes back to where it stood.
	Body io.Reader

	// Size is how many bytes Body has. 0 and -1 mean: found out where Body can
	// seek or has a Len method; otherwise the upload is sent in chunks of unknown
	// number.
	Size int64

	// Progress is called after each part with how many bytes of the file were sent,
	// and how many there are: -1 if that is not known. A retry begins again at the
	// first part. Progress is called by the goroutine that sends, so it should be
	// quick; nil is fine.
	Progress func(sent, total int64)
}

// Upload sends the file to a one-time upload URL. The image it returns is what
// the reply tells of it: at least its ID.
//
// Bad parameters are refused with [ErrInvalidParams] before any request; the URL
// must be https, but for a loopback host. A URL that is not known is
// [ErrNotFound], one that was used [ErrConflict], and an expired one [ErrGone].
// Cloudflare takes files up to 10 MB (its developer documentation), and says itself
// what else it refuses. No error contains the URL.
//
// The file is not sent again once a byte of the request has left. When
// there is no clear answer after that, the error is [ErrOutcomeUnknown]:
// [ImagesV1.Get] tells whether the image has come.
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

// bodyPatience is how long an upload that has ended waits for a Read of a Body
// that blocks.
const bodyPatience = time.Second

// upload sends the file without credentials. Plain http is for loopback hosts,
// unless insecure.
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
		Unsure:  "the image may have been uploaded; ImagesV1.Get tells",
		Content: contentOf(form),
	}
	img := new(Image)
	failed := sender.Do(ctx, c, func(r *send.Response) error { return readUploaded(r.Decoder(), img) })
	if failed != nil {
		return nil, newError(failed)
	}
	return img, nil
}

// check returns every violation that needs no look at the Body, joined.
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
		return nil, paramErrorf("Body", "has nothing left to send: is it at its end already?")
	}
	form.OnProgress = f.Progress
	return form, nil
}

// contentOf returns the content of a call that sends a form. Each attempt's body is
// closed with it.
func contentOf(form *multipartbody.Form) *send.Content {
	return &send.Content{Type: form.ContentType(), Size: form.Len(), Open: func(ctx context.Context) (io.ReadCloser, error) {
		body, err := form.Open()
		if err == nil {
			context.AfterFunc(ctx, func() { body.Close() })
		}
		return body, err
	}}
}

// secretsOf returns the parts of a one-time upload URL that may appear in no text.
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

// readUploaded decodes the response to an upload: an envelope around the image, or
// only the ID beside success.
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
