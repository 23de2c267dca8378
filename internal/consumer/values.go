package consumer

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
)

// The limits are constants: they size arrays.
var _ [cfimages.MaxMetaFilters + cfimages.MaxMetaDepth + cfimages.MaxMetaListValues]int = [20]int{}

// So are the orders, of a type that a program may convert to.
const (
	ascending  cfimages.SortOrder = cfimages.SortAscending
	descending                    = cfimages.SortDescending
)

// Types of a program's own are numbers, strings and booleans too.
type (
	status   string
	priority int8
	enabled  bool
	score    float32
)

// conditions are all that a program can ask, typed as it has its values.
func conditions() []cfimages.Condition {
	return []cfimages.Condition{
		cfimages.Eq("a", "text"), cfimages.Eq("a", status("active")), cfimages.Eq("a", true), cfimages.Eq("a", enabled(false)),
		cfimages.Eq("a", 5), cfimages.Eq("a", priority(5)), cfimages.Eq("a", 0.5), cfimages.Eq[score]("a", 0.5),
		cfimages.In("a", "x", "y"), cfimages.In("a", status("x")), cfimages.In("a", 1, 2), cfimages.In("a", []priority{1, 2}...),
		cfimages.Gt("a", uint64(1)), cfimages.Gte("a", int64(1)), cfimages.Lt("a", 1.5), cfimages.Lte("a", time.Second),
		cfimages.EqUntyped("a.b", "5"), cfimages.InUntyped("a.b", "5", "true"),
	}
}

// least is a program's own function of numbers.
func least[T cfimages.Number](field string, value T) cfimages.Condition {
	return cfimages.Gte(field, value)
}

// Every number is one.
var _ = []cfimages.Condition{
	least("n", int(1)), least("n", int8(1)), least("n", int16(1)), least("n", int32(1)), least("n", int64(1)),
	least("n", uint(1)), least("n", uint8(1)), least("n", uint16(1)), least("n", uint32(1)), least("n", uint64(1)),
	least("n", float32(1)), least("n", float64(1)),
}

// Literals name every field, with values of the type that it has.
var (
	_ = cfimages.ListParams{
		PerPage:           int(100),
		SortOrder:         ascending,
		Creator:           new("alice"),
		Meta:              cfimages.Where(conditions()...),
		ContinuationToken: string(""),
		Skip:              int(3),
	}
	_ = cfimages.DirectUploadParams{
		ID:                string("id"),
		Creator:           string("alice"),
		ExpiresIn:         time.Minute,
		Expiry:            time.Time{},
		Metadata:          map[string]any{"a": 1},
		RequireSignedURLs: bool(true),
	}
	_ = cfimages.UploadParams{
		ID:                string("id"),
		Creator:           string("alice"),
		Metadata:          struct{ A int }{1},
		RequireSignedURLs: bool(true),
	}
	_ = cfimages.UpdateParams{
		Creator:           new("alice"),
		Metadata:          map[string]any{"a": 1},
		RequireSignedURLs: new(true),
	}
	_ = cfimages.Stats{Current: int64(1), Allowed: int64(2)}
	_ = cfimages.Variant{
		ID:                     string("hero"),
		Fit:                    cfimages.FitCover,
		Width:                  int(1),
		Height:                 int(1),
		Metadata:               cfimages.MetadataNone,
		BrowserTTL:             time.Hour,
		NeverRequireSignedURLs: bool(true),
	}
	_ = cfimages.SigningKey{Name: string("default")} // a test's own
	_ = cfimages.Image{
		ID:                string("id"),
		Creator:           string("alice"),
		Filename:          string("cat.png"),
		Meta:              json.RawMessage(`{}`),
		RequireSignedURLs: bool(true),
		Uploaded:          time.Time{},
		Variants:          []string{"https://imagedelivery.net/h/id/public"},
		Draft:             bool(false),
	}
	_ = cfimages.Blob{ContentType: string("image/png"), Size: int64(-1), ETag: string("")} // a test's own
	_ = cfimages.ImagePage{Images: []cfimages.Image{}, ContinuationToken: string("next")}
	_ = cfimages.DirectUpload{ID: string("id"), UploadURL: string("https://upload.imagedelivery.net/h/id")}
	_ = cfimages.RetryPolicy{MaxAttempts: int(2), BaseDelay: time.Second, MaxDelay: time.Second, MaxWait: time.Second}
	_ = cfimages.RateLimit{Remaining: int(1), Reset: time.Time{}, Quota: int(1), Window: time.Minute}
	_ = cfimages.Uploader{HTTPClient: http.DefaultClient}
	_ = cfimages.PageError{ContinuationToken: string("token"), Yielded: int(7), Err: error(nil)}
	_ = cfimages.ParamError{Param: string("PerPage"), Reason: string("too many")}
	_ = cfimages.Error{ // a test's own
		Op:         string("ImagesV2.List"),
		StatusCode: int(404),
		Errors:     []cfimages.ErrorInfo{{Code: int(5404), Message: string(""), DocumentationURL: string(""), Pointer: string("")}},
		Messages:   []cfimages.ErrorInfo(nil),
		RayID:      string("ray"),
		RetryAfter: time.Second,
		Attempts:   int(1),
		Body:       string(""),
	}
)

// Values that can be compared and are keys of maps stay so.
var (
	_ = map[cfimages.DirectUpload]bool{}
	_ = map[cfimages.ErrorInfo]bool{}
	_ = map[cfimages.RateLimit]bool{}
	_ = map[cfimages.Variant]bool{}
	_ = map[cfimages.Stats]bool{}
	_ = map[cfimages.SortOrder]bool{descending: true, cfimages.SortOrder("ran" + "dom"): false}
	_ = cfimages.DefaultRetryPolicy() == cfimages.RetryPolicy{}
)
