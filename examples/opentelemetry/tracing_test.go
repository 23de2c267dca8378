package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestTemplate(t *testing.T) {
	const account = "https://api.cloudflare.com/client/v4/accounts/0123/"
	for _, test := range []struct{ url, want string }{
		{account + "images/v2?creator=alice", "/accounts/{account_id}/images/v2"},
		{account + "images/v2/direct_upload", "/accounts/{account_id}/images/v2/direct_upload"},
		{account + "images/v1/a", "/accounts/{account_id}/images/v1/{id}"},
		{account + "images/v1/a/images%2Fv2", "/accounts/{account_id}/images/v1/{id}"},
		{"https://example.com/accounts/0123/images/v2", "/accounts/{account_id}/images/v2"},
		{account + "images/v3", "/{secret}"},
		{account, "/{secret}"},
		{"https://upload.imagedelivery.net/hash/id", "/{secret}"},
		{"https://upload.imagedelivery.net/hash/accounts/7/me", "/{secret}"},
		{"https://upload.imagedelivery.net/hash/accounts/7/images/v1/me", "/accounts/{account_id}/images/v1/{id}"}, // wrong, but contains no secret
		{"https://imagedelivery.net/hash/id/public?sig=00", "/{secret}"},
		{"https://imagedelivery.net", "/{secret}"},
	} {
		u, err := url.Parse(test.url)
		require.NoError(t, err)
		assert.Equal(t, test.want, template(u), test.url)
		assert.Equal(t, "https://"+u.Host+test.want, publicPart(test.url))
	}
	assert.Equal(t, "https://host/{secret}", publicPart("https://user:password@host/"))
	assert.Equal(t, "REDACTED", publicPart("https://[/secret"))
}

// Without redaction, otelhttp exports the upload URL and the text of errors. If a new
// version does not, redactingProvider can be removed. The test also shows that check
// finds secrets.
func TestOtelhttpAloneExportsSecrets(t *testing.T) {
	o := observe(t, nil)
	base := o.server.HTTPClient().Transport
	created, err := o.client.DirectUploads.Create(t.Context(), cfimages.DirectUploadParams{})
	require.NoError(t, err)
	assert.NotContains(t, o.output(t), created.UploadURL)
	for _, test := range []struct {
		base http.RoundTripper
		want error
	}{
		{base, nil},
		{quoting(base), errQuoted},
	} {
		alone := otelhttp.NewTransport(test.base, otelhttp.WithTracerProvider(o.provider))
		_, err = (&cfimages.Uploader{HTTPClient: &http.Client{Transport: alone}}).Upload(t.Context(), created.UploadURL,
			cfimages.File{Body: strings.NewReader("GIF89a")})
		assert.ErrorIs(t, err, test.want)
	}
	ended := o.spans.Ended()
	require.Len(t, ended, 3)
	assert.Contains(t, fmt.Sprint(ended[1].Attributes()), imagestest.AccountHash)
	assert.Contains(t, ended[2].Status().Description, created.UploadURL)
	assert.Contains(t, o.output(t), created.UploadURL)
}

var errQuoted = errors.New("quoted")

// quoting is a transport whose errors quote the request's URL and credentials.
func quoting(http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) { return nil, quote(r) })
}

func quote(r *http.Request) error {
	return fmt.Errorf("%s with %s: %w", r.URL, r.Header.Get("Authorization"), errQuoted)
}

// quotingBody is a transport whose response bodies fail with such an error.
func quotingBody(http.RoundTripper) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		body := io.NopCloser(io.MultiReader(strings.NewReader(`{"success":`), failing{quote(r)}))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body}, nil
	})
}

// failing is a reader that fails.
type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestErrorsContainNoSecrets(t *testing.T) {
	for _, test := range []struct {
		name  string
		inner wrapper
	}{{"transport", quoting}, {"body", quotingBody}} {
		t.Run(test.name, func(t *testing.T) {
			o := observe(t, test.inner, cfimages.WithRetryPolicy(cfimages.RetryPolicy{}))
			uploadURL := "https://upload.imagedelivery.net/" + imagestest.AccountHash + "/id"
			s := &scenario{client: o.client, tracer: o.tracer(), link: &cfimages.DirectUpload{ID: "id", UploadURL: uploadURL}}
			require.Error(t, s.useCase(t.Context(), "list", s.list))
			require.Error(t, s.useCase(t.Context(), "upload", s.send))
			_, err := (&cfimages.Uploader{HTTPClient: o.http}).Upload(t.Context(), uploadURL, cfimages.File{Body: strings.NewReader("GIF89a")})
			require.Error(t, err)

			o.check(t)
			ended := o.spans.Ended()
			require.Len(t, ended, 5)
			for _, i := range []int{0, 2, 4} {
				assert.Equal(t, codes.Error, ended[i].Status().Code)
				assert.Contains(t, fmt.Sprint(ended[i].Attributes()), "error.type")
			}
		})
	}
}

// A signed delivery URL, requested with the same transport, is a secret too.
func TestSignaturesAreNotExported(t *testing.T) {
	o := observe(t, func(http.RoundTripper) http.RoundTripper {
		return transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})
	})
	signer, err := cfimages.NewURLSigner(imagestest.SigningKey)
	require.NoError(t, err)
	signed, err := signer.Sign("https://imagedelivery.net/"+imagestest.AccountHash+"/id/public", time.Now().Add(time.Hour))
	require.NoError(t, err)
	resp, err := o.http.Get(signed)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Len(t, o.spans.Ended(), 1)
	_, signature, _ := strings.Cut(signed, "sig=")
	require.NotEmpty(t, signature)
	o.check(t, signature)
}

func TestTraceHeadersAreNotSent(t *testing.T) {
	before := otel.GetTextMapPropagator()
	defer otel.SetTextMapPropagator(before)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	var headers []http.Header
	record := func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			headers = append(headers, r.Header.Clone())
			return next.RoundTrip(r)
		})
	}
	o := observe(t, record)
	member, err := baggage.NewMember("user", "alice")
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	s := &scenario{client: o.client, tracer: o.tracer()}
	require.NoError(t, s.run(baggage.ContextWithBaggage(t.Context(), bag)))
	require.NotEmpty(t, headers)
	for _, header := range headers {
		assert.Empty(t, header["Traceparent"])
		assert.Empty(t, header["Baggage"])
	}
}

func TestEverySpanEnds(t *testing.T) {
	const images, perPage = 1000, 200
	for _, test := range []struct {
		name  string
		fault imagestest.Kind
		at    imagestest.Position
		take  func(n int, cancel func()) (next bool)
		want  error
	}{
		{"read to the end", nil, 0, func(int, func()) bool { return true }, nil},
		{"stopped at once", nil, 0, func(int, func()) bool { return false }, nil},
		{"stopped with a prefetched page", nil, 0, func(n int, _ func()) bool { return n < 150 }, nil},
		{"stopped at the end of a page", nil, 0, func(n int, _ func()) bool { return n < perPage }, nil},
		{"canceled", nil, 0, func(n int, cancel func()) bool {
			if n == 150 {
				cancel()
			}
			return true
		}, context.Canceled},
		{"connection lost in the middle of a page", imagestest.Cut{}, imagestest.MidBody(9000), func(int, func()) bool { return true }, nil},
		{"reset before the response", imagestest.Reset{}, imagestest.AfterRead, func(int, func()) bool { return true }, nil},
		{"stalled in the middle of a page", imagestest.Stall{}, imagestest.MidBody(9000), func(int, func()) bool { return true }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := observe(t, nil)
				o.server.Seed(images, func(int) cfimages.Image { return cfimages.Image{} })
				if test.fault != nil {
					o.server.Inject(imagestest.Fault{Operation: imagestest.OpList, At: test.at, Kind: test.fault})
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var failed error
				n := 0
				for _, err := range o.client.ImagesV2.All(ctx, cfimages.ListParams{PerPage: perPage}) {
					failed = err
					if n++; err != nil || !test.take(n, cancel) {
						break
					}
				}
				assert.ErrorIs(t, failed, test.want)
				assert.Empty(t, o.server.Unused())
				o.check(t)
				assert.Equal(t, len(o.spans.Ended()), strings.Count(o.log.String(), "cfimages request"), "one span for each attempt")
			})
		})
	}
}
