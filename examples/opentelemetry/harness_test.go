package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// observer records the spans and the log of a client.
type observer struct {
	server   *imagestest.Server
	spans    *tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
	client   *cfimages.Client
	http     *http.Client // used by client

	mu  sync.Mutex
	log bytes.Buffer
}

// wrapper wraps a transport in another one.
type wrapper func(http.RoundTripper) http.RoundTripper

// observe returns an observer of a new server. inner, if not nil, wraps the transport
// between otelhttp and the server.
func observe(t *testing.T, inner wrapper, opts ...cfimages.Option) *observer {
	o := &observer{server: imagestest.NewServer(imagestest.InMemory()), spans: tracetest.NewSpanRecorder()}
	t.Cleanup(o.server.Close)
	o.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(o.spans))
	base := o.server.HTTPClient().Transport
	if inner != nil {
		base = inner(base)
	}
	o.http = &http.Client{Transport: traced(base, o.provider)}
	o.client = o.server.Client(append(opts, cfimages.WithHTTPClient(o.http), cfimages.WithLogger(newLogger(o)))...)
	return o
}

// Write appends to the log.
func (o *observer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

func (o *observer) tracer() trace.Tracer { return o.provider.Tracer("test") }

// tree returns the spans of requests, in the order of their start, as
// "parent > name status".
func (o *observer) tree() []string {
	names := map[trace.SpanID]string{}
	var lines []string
	for _, span := range o.spans.Started() {
		names[span.SpanContext().SpanID()] = span.Name()
		if span.SpanKind() == trace.SpanKindClient {
			lines = append(lines, fmt.Sprintf("%s > %s %d", names[span.Parent().SpanID()], span.Name(), statusOf(span)))
		}
	}
	return lines
}

// statusOf returns the HTTP status in a span, or 0 if it has none.
func statusOf(span sdktrace.ReadOnlySpan) int64 {
	for _, attr := range span.Attributes() {
		if attr.Key == semconv.HTTPResponseStatusCodeKey {
			return attr.Value.AsInt64()
		}
	}
	return 0
}

// output returns the text of all spans and of the log.
func (o *observer) output(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(&out))
	require.NoError(t, err)
	require.NoError(t, exporter.ExportSpans(t.Context(), o.spans.Ended()))
	o.mu.Lock()
	defer o.mu.Unlock()
	return out.String() + o.log.String()
}

// secrets must not occur in the output. In an upload URL, the host and the image's ID
// are not secret, but its path is, which begins with the account's hash.
var secrets = []string{imagestest.APIToken, imagestest.AccountHash, imagestest.SigningKey}

// check fails the test if the output contains a secret or a span has not ended.
func (o *observer) check(t *testing.T, more ...string) {
	t.Helper()
	assert.Len(t, o.spans.Ended(), len(o.spans.Started()), "all spans end")
	output := o.output(t)
	for _, secret := range append(more, secrets...) {
		if i := strings.Index(output, secret); i >= 0 {
			t.Errorf("%s is in the output: …%s…", secret, output[max(0, i-300):min(len(output), i+100)])
		}
	}
}

// transport responds to requests with a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
