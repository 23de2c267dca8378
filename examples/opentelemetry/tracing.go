package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// traced returns a transport that creates one client span for each request of base.
// A span ends when the body of the response is read or closed: the span of a list
// call lasts while its images are read.
//
// No trace headers are sent: Cloudflare does not document any use of them, and
// baggage may contain private data.
func traced(base http.RoundTripper, provider trace.TracerProvider) http.RoundTripper {
	return otelhttp.NewTransport(base,
		otelhttp.WithTracerProvider(redactingProvider{provider}),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return r.Method + " " + template(r.URL)
		}))
}

// redactingProvider creates the spans of otelhttp without two attributes that may
// contain a secret: the URL and the text of an error. An upload URL is a secret, and a
// list URL may contain personal data (a creator or a metadata filter). The text of an
// error may quote data from a broken server. The type of the error is kept, and the
// errors that cfimages returns contain no secrets.
type redactingProvider struct{ trace.TracerProvider }

func (p redactingProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return redactingTracer{p.TracerProvider.Tracer(name, opts...)}
}

type redactingTracer struct{ trace.Tracer }

func (t redactingTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, span := t.Tracer.Start(ctx, name, opts...)
	return ctx, redactingSpan{span}
}

type redactingSpan struct{ trace.Span }

func (s redactingSpan) SetAttributes(attrs ...attribute.KeyValue) {
	attrs = slices.Clone(attrs)
	for i, attr := range attrs {
		if attr.Key == semconv.URLFullKey {
			attrs[i] = semconv.URLFull(publicPart(attr.Value.AsString()))
		}
	}
	s.Span.SetAttributes(attrs...)
}

func (s redactingSpan) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// publicPart returns a URL with a template in place of its path and query.
func publicPart(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "REDACTED"
	}
	return u.Scheme + "://" + u.Host + template(u)
}

// template returns the path of a request without IDs. It copies nothing from the URL,
// so that it cannot contain a secret: any unknown path may belong to a one-time upload
// URL or a signed delivery URL.
func template(u *url.URL) string {
	_, path, _ := strings.Cut(u.Path, "/accounts/")
	_, path, _ = strings.Cut(path, "/") // the account's ID
	switch {
	case path == "images/v2":
		return "/accounts/{account_id}/images/v2"
	case path == "images/v2/direct_upload":
		return "/accounts/{account_id}/images/v2/direct_upload"
	case strings.HasPrefix(path, "images/v1/"):
		return "/accounts/{account_id}/images/v1/{id}"
	}
	return "/{secret}"
}
