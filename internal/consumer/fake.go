package consumer

import (
	"net/http"
	"net/url"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// Tests use these names of imagestest.
var (
	_ func(...imagestest.Option) *imagestest.Server = imagestest.NewServer
	_ func(time.Time) *imagestest.Clock             = imagestest.NewClock
	_ func(int) imagestest.Position                 = imagestest.MidBody
	_ func(int) imagestest.Reply                    = imagestest.Refusal
	_ func(int) imagestest.Reply                    = imagestest.EdgePage

	_ interface {
		URL() string
		BatchURL() string
		Client(...cfimages.Option) *cfimages.Client
		HTTPClient() *http.Client
		Handler() http.Handler
		Account(id string) *imagestest.Account
		Clock() *imagestest.Clock
		AddImages(...cfimages.Image)
		Seed(n int, build func(i int) cfimages.Image)
		Images() []cfimages.Image
		Delivery() *cfimages.Delivery
		Requests() []imagestest.Request
		ResetRequests()
		Count(imagestest.Operation) int
		Verified(imageID string) bool
		Inject(...imagestest.Fault)
		RemoveFaults()
		Unused() []imagestest.Fault
		Connections() int
		ServeSource(rawURL string, content []byte)
		FailSource(rawURL string, status int)
		Close()
	} = (*imagestest.Server)(nil)

	_ interface {
		ID() string
		Hash() string
		AddToken(token string, scope imagestest.Scope)
		RemoveToken(token string)
		AddKey(email, key string)
		AddSigningKey(key string)
		AddImages(...cfimages.Image)
		Seed(n int, build func(i int) cfimages.Image)
		Images() []cfimages.Image
		Delivery() *cfimages.Delivery
	} = (*imagestest.Account)(nil)

	_ interface {
		Now() time.Time
		Advance(time.Duration)
	} = (*imagestest.Clock)(nil)

	_ interface{ Filters() []string } = imagestest.Request{}
)

// The credentials are constants.
const _ = imagestest.AccountID + imagestest.AccountHash + imagestest.APIToken + imagestest.Email + imagestest.APIKey +
	imagestest.SigningKey

// Options returns every option.
func Options(clock *imagestest.Clock) []imagestest.Option {
	return []imagestest.Option{
		imagestest.InMemory(),
		imagestest.WithClock(clock),
		imagestest.WithLatency(time.Millisecond),
		imagestest.WithMaxFileSize(1 << 20),
		imagestest.WithRateLimit(1200, 5*time.Minute),
		imagestest.WithSimulatorReplies(),
		imagestest.WithBatchTokenLifetime(time.Hour),
		imagestest.WithVariants(imagestest.Variant{Name: "thumb", NeverRequireSignedURLs: true}),
		imagestest.WithFlexibleVariants(),
		imagestest.WithHTTP2(),
		imagestest.WithMaxConcurrentStreams(100),
		imagestest.Enforce(imagestest.RefuseUnknownParams, imagestest.RefuseUnknownFields),
		imagestest.Ignore(imagestest.RefuseFlatMetadata, imagestest.RefuseUploadCredentials),
	}
}

// Kinds returns every kind of fault.
func Kinds() []imagestest.Kind {
	return []imagestest.Kind{
		imagestest.Reply{Status: 500, Header: http.Header{}, Body: "{}"},
		imagestest.Refusal(429).With("Retry-After", "7"),
		imagestest.Bomb{Status: 200, Size: 1 << 30},
		imagestest.Reset{},
		imagestest.Cut{Chunked: true},
		imagestest.Stall{},
		imagestest.Slow{Every: time.Second},
		imagestest.WrongLength{By: -1},
		imagestest.RepeatToken{},
		imagestest.EmptyPage{},
		imagestest.Blackhole{},
		imagestest.GoAway{Code: uint32(0), Close: bool(true), Unprocessed: bool(false)},
		imagestest.ResetStream{Code: uint32(8)},
	}
}

// Known reports whether an operation is defined. It compiles only if no two of the
// constants are equal.
func Known(op imagestest.Operation) bool {
	switch op {
	case imagestest.OpList, imagestest.OpCreate, imagestest.OpUpload, imagestest.OpPreflight, imagestest.OpGet,
		imagestest.OpDelete, imagestest.OpDeliver, imagestest.OpUnknown, imagestest.OpBatchToken, imagestest.OpBlob,
		imagestest.OpUpdate, imagestest.OpUploadImage, imagestest.OpStats, imagestest.OpConfigure,
		imagestest.OpListVariants, imagestest.OpGetVariant, imagestest.OpCreateVariant, imagestest.OpUpdateVariant,
		imagestest.OpDeleteVariant, imagestest.OpListKeys, imagestest.OpCreateKey, imagestest.OpDeleteKey:
		return true
	}
	return false
}

var (
	_ = imagestest.Fault{
		Operation: imagestest.OpCreate,
		Call:      int(0),
		Times:     imagestest.Always,
		At:        imagestest.AfterCommit,
		Kind:      imagestest.Reset{},
	}
	_ = map[imagestest.Position]bool{imagestest.BeforeRead: true, imagestest.AfterRead: true, imagestest.AfterCommit: true}
	_ = []imagestest.Scope{imagestest.Read | imagestest.Write}
	_ = imagestest.Request{
		Time:      time.Time{},
		Operation: imagestest.OpList,
		AccountID: string(""),
		Batch:     bool(false),
		ImageID:   string(""),
		Method:    string("GET"),
		Path:      string("/"),
		Query:     url.Values{},
		Status:    int(200),
		Draft:     bool(false),
		SourceURL: string(""),
		Proto:     string("HTTP/2.0"),
	}
	_ = []imagestest.Rule{imagestest.RefuseFlatMetadata}
)
