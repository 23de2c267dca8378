package consumer

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cfimages/cfimages-go"
)

// Programs keep functions in variables and fields of these types.
var (
	_ func(...cfimages.Option) (*cfimages.Client, error) = cfimages.NewClient
	_ func() cfimages.RetryPolicy                        = cfimages.DefaultRetryPolicy

	_ func(string) cfimages.Option            = cfimages.WithAccountID
	_ func(string) cfimages.Option            = cfimages.WithAPIToken
	_ func(email, key string) cfimages.Option = cfimages.WithAPIKey

	_ func(func(context.Context) (string, error)) cfimages.Option = cfimages.WithTokenSource

	_ func(string) cfimages.Option               = cfimages.WithBaseURL
	_ func(*http.Client) cfimages.Option         = cfimages.WithHTTPClient
	_ func(string) cfimages.Option               = cfimages.WithUserAgent
	_ func(*slog.Logger) cfimages.Option         = cfimages.WithLogger
	_ func(cfimages.RetryPolicy) cfimages.Option = cfimages.WithRetryPolicy
	_ func(time.Duration) cfimages.Option        = cfimages.WithRequestTimeout
	_ func(bool) cfimages.Option                 = cfimages.WithPrefetch
	_ func() cfimages.Option                     = cfimages.WithInsecureHTTP
	_ func() cfimages.Option                     = cfimages.WithBatchAPI
	_ func(string) cfimages.Option               = cfimages.WithBatchBaseURL

	_ func(...cfimages.Condition) cfimages.MetaFilter = cfimages.Where
	_ func(field, value string) cfimages.Condition    = cfimages.EqUntyped
	_ func(string, ...string) cfimages.Condition      = cfimages.InUntyped

	_ func(key string) (*cfimages.URLSigner, error) = cfimages.NewURLSigner
)

// Programs declare the methods that they call as interfaces, to put their own
// in place of them.
type (
	lister interface {
		List(context.Context, cfimages.ListParams) (*cfimages.ImagePage, error)
		Pages(context.Context, cfimages.ListParams) iter.Seq2[*cfimages.ImagePage, error]
		All(context.Context, cfimages.ListParams) iter.Seq2[cfimages.Image, error]
	}
	keeper interface {
		Get(ctx context.Context, id string) (*cfimages.Image, error)
		Delete(ctx context.Context, id string) error
		Blob(ctx context.Context, id string) (*cfimages.Blob, error)
		Upload(context.Context, cfimages.File, cfimages.UploadParams) (*cfimages.Image, error)
		UploadFromURL(ctx context.Context, sourceURL string, params cfimages.UploadParams) (*cfimages.Image, error)
		Update(ctx context.Context, id string, params cfimages.UpdateParams) (*cfimages.Image, error)
		Stats(context.Context) (*cfimages.Stats, error)
	}
	variants interface {
		List(context.Context) ([]cfimages.Variant, error)
		Get(ctx context.Context, id string) (*cfimages.Variant, error)
		Create(context.Context, cfimages.Variant) (*cfimages.Variant, error)
		Update(context.Context, cfimages.Variant) (*cfimages.Variant, error)
		Delete(ctx context.Context, id string) error
		SetFlexible(ctx context.Context, on bool) error
	}
	signingKeys interface {
		List(context.Context) ([]cfimages.SigningKey, error)
		Create(ctx context.Context, name string) (*cfimages.SigningKey, error)
		Delete(ctx context.Context, name string) error
	}
	signingKey interface {
		Value() string
		Signer() (*cfimages.URLSigner, error)
	}
	uploader interface {
		Upload(ctx context.Context, uploadURL string, file cfimages.File) (*cfimages.Image, error)
	}
	uploads interface {
		uploader
		Create(context.Context, cfimages.DirectUploadParams) (*cfimages.DirectUpload, error)
		Wait(ctx context.Context, id string) (*cfimages.Image, error)
	}
	signer interface {
		Sign(deliveryURL string, expires time.Time) (string, error)
		Verify(signedURL string, now time.Time) error
	}
	encoder interface { // of go-querystring
		EncodeValues(key string, v *url.Values) error
	}
	filter interface {
		encoder
		IsZero() bool
		Validate() error
	}
)

var (
	_ lister                                      = (*cfimages.ImagesV2)(nil)
	_ keeper                                      = (*cfimages.ImagesV1)(nil)
	_ uploads                                     = (*cfimages.DirectUploads)(nil)
	_ variants                                    = (*cfimages.Variants)(nil)
	_ signingKeys                                 = (*cfimages.SigningKeys)(nil)
	_ signingKey                                  = cfimages.SigningKey{}
	_ uploader                                    = (*cfimages.Uploader)(nil)
	_ signer                                      = (*cfimages.URLSigner)(nil)
	_ io.ReadCloser                               = (*cfimages.Blob)(nil)
	_ filter                                      = cfimages.MetaFilter{}
	_ interface{ DecodeMeta(any) error }          = (*cfimages.Image)(nil)
	_ interface{ RateLimit() cfimages.RateLimit } = (*cfimages.Client)(nil)
)

// The services are fields of a client.
var _ = func(c cfimages.Client) (lister, keeper, uploads, variants, signingKeys) {
	return c.ImagesV2, c.ImagesV1, c.DirectUploads, c.Variants, c.SigningKeys
}

// What slog and fmt look for.
var (
	_ slog.LogValuer                 = cfimages.DirectUpload{}
	_ slog.LogValuer                 = (*cfimages.Error)(nil)
	_ interface{ String() string }   = cfimages.DirectUpload{}
	_ interface{ GoString() string } = cfimages.DirectUpload{}
	_ interface{ String() string }   = cfimages.ErrorInfo{}
)

// wrapper is what the errors package looks for.
type wrapper interface {
	error
	Unwrap() error
}

// matcher is too.
type matcher interface {
	error
	Is(error) bool
}

var (
	_ wrapper = (*cfimages.Error)(nil)
	_ matcher = (*cfimages.Error)(nil)
	_ wrapper = (*cfimages.PageError)(nil)
	_ matcher = (*cfimages.ParamError)(nil)
)

// Picture is a file that reports its progress.
func Picture(body io.Reader, progress func(sent, total int64)) cfimages.File {
	return cfimages.File{Name: "cat.png", ContentType: "image/png", Body: body, Size: -1, Progress: progress}
}
