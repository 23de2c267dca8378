package cfimages_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// bench is a client in front of a server in memory. It is also the client's
// transport, and knows which bodies of replies are open.
type bench struct {
	server     *imagestest.Server
	client     *cfimages.Client
	uploadURL  string // of the draft
	transport  *http.Transport
	refuse     int // connections still to be refused
	dials      int
	attempts   atomic.Int64 // requests of the client, whether they came to the server or not
	openBodies atomic.Int64
	log        bytes.Buffer
	live       bool // the server is not in memory, and perhaps Cloudflare
}

func newBench(t *testing.T, server []imagestest.Option, client []cfimages.Option) *bench {
	t.Helper()
	b := &bench{server: imagestest.NewServer(append(server, imagestest.InMemory())...)}
	b.server.AddImages(cfimages.Image{ID: "image"}, cfimages.Image{ID: "draft", Draft: true})
	b.uploadURL = strings.TrimSuffix(b.server.URL(), "/client/v4") + "/upload/" + imagestest.AccountHash + "/draft"
	b.transport = b.server.HTTPClient().Transport.(*http.Transport).Clone()
	b.transport.MaxResponseHeaderBytes = 1 << 20 // as the library's own has
	dial := b.transport.DialContext
	b.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		b.dials++
		if b.dials <= b.refuse {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	account := b.server.Account(imagestest.AccountID)
	account.AddToken(canaryToken, imagestest.Write)
	account.AddKey(canaryEmail, canaryKey)
	b.client = b.newClient(client...)
	return b
}

// newClient returns another client of the same server.
func (b *bench) newClient(opts ...cfimages.Option) *cfimages.Client {
	own := []cfimages.Option{
		cfimages.WithHTTPClient(&http.Client{Transport: b}),
		cfimages.WithAPIToken(canaryToken),
		cfimages.WithLogger(slog.New(canaryHandler(&b.log))),
	}
	return b.server.Client(append(own, opts...)...)
}

// plainHTTP returns what an uploader without credentials sends with.
func (b *bench) plainHTTP() *http.Client {
	if b.live {
		return http.DefaultClient
	}
	return &http.Client{Transport: b.transport}
}

// RoundTrip sends a request and counts its reply's body.
func (b *bench) RoundTrip(req *http.Request) (*http.Response, error) {
	b.attempts.Add(1)
	resp, err := b.transport.RoundTrip(req)
	if err == nil {
		b.openBodies.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, open: &b.openBodies}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	open *atomic.Int64
	once sync.Once
}

func (b *countedBody) Close() error {
	b.once.Do(func() { b.open.Add(-1) })
	return b.ReadCloser.Close()
}

// stored returns what the server has: IDs, those of drafts in parentheses.
func (b *bench) stored() string {
	var names []string
	for _, img := range b.server.Images() {
		name := img.ID
		if img.Draft {
			name = "(" + name + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// The calls of the cases. Each checks that a success has brought what it should.

func doList(ctx context.Context, b *bench) error {
	page, err := b.client.ImagesV2.List(ctx, cfimages.ListParams{})
	if err == nil && (len(page.Images) != 1 || page.Images[0].ID != "image") {
		return fmt.Errorf("not the list: %v", page)
	}
	return err
}

func doGet(ctx context.Context, b *bench) error {
	img, err := b.client.ImagesV1.Get(ctx, "image")
	if err == nil && (img.ID != "image" || len(img.Variants) != 1) {
		return fmt.Errorf("not the image: %v", img)
	}
	return err
}

func doBlob(ctx context.Context, b *bench) error {
	blob, err := b.client.ImagesV1.Blob(ctx, "image")
	if err != nil {
		return err
	}
	defer blob.Close()
	picture, err := io.ReadAll(blob)
	if err == nil && (int64(len(picture)) != blob.Size || !strings.HasPrefix(string(picture), "\x89PNG")) {
		return fmt.Errorf("not the picture: %q", picture)
	}
	return err
}

func doDelete(ctx context.Context, b *bench) error {
	return b.client.ImagesV1.Delete(ctx, "image")
}

func doCreate(ctx context.Context, b *bench) error {
	created, err := b.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{ID: "new"})
	if err == nil && (created.ID != "new" || !strings.HasSuffix(created.UploadURL, "/new")) {
		return fmt.Errorf("not the draft: %#v", created)
	}
	return err
}

func doUpload(ctx context.Context, b *bench) error {
	img, err := b.client.DirectUploads.Upload(ctx, b.uploadURL, cfimages.File{Name: "a.png", Body: strings.NewReader(tinyPNG)})
	if err == nil && img.ID != "draft" {
		return fmt.Errorf("not the image: %v", img)
	}
	return err
}

// operations are the calls, each with what it changes.
var operations = []struct {
	op    imagestest.Operation
	call  func(context.Context, *bench) error
	after string // stored, after a success
}{
	{imagestest.OpList, doList, before},
	{imagestest.OpGet, doGet, before},
	{imagestest.OpBlob, doBlob, before},
	{imagestest.OpDelete, doDelete, "(draft)"},
	{imagestest.OpCreate, doCreate, before + " (new)"},
	{imagestest.OpUpload, doUpload, "image draft"},
}

// then makes one call of several. The first error ends them.
func then(calls ...func(context.Context, *bench) error) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error {
		for _, call := range calls {
			if err := call(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}
}

// within gives a call a deadline.
func within(d time.Duration, call func(context.Context, *bench) error) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return call(ctx, b)
	}
}

// errEnough is the cause with which canceledAfter cancels.
var errEnough = errors.New("enough")

// canceledAfter cancels a call after a time.
func canceledAfter(d time.Duration, call func(context.Context, *bench) error) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer time.AfterFunc(d, func() { cancel(errEnough) }).Stop()
		return call(ctx, b)
	}
}

// once is a client that makes one attempt.
func once() []cfimages.Option {
	return []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{})}
}
