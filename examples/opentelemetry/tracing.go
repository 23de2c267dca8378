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

// traced returns a transport that makes one client span for each request that
// base sends. A span ends when the body of the reply was read or closed: that of
// a list lasts as long as its images are taken.
//
// The server is told nothing of the trace: Cloudflare documents no use for it,
// and baggage may hold what is nobody else's business.
func traced(base http.RoundTripper, provider trace.TracerProvider) http.RoundTripper {
	return otelhttp.NewTransport(base,
		otelhttp.WithTracerProvider(discreetProvider{provider}),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return r.Method + " " + template(r.URL)
		}))
}

// discreetProvider makes the spans of otelhttp, without the two things in them
// that may hold a secret: the URL, which for an upload is one, and is personal
// where it has a creator or a metadata filter; and the text of an error, which may
// quote what a broken server sent. The type of the error stays, and the errors
// that cfimages returns are free of secrets.
type discreetProvider struct{ trace.TracerProvider }

func (p discreetProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return discreetTracer{p.TracerProvider.Tracer(name, opts...)}
}

type discreetTracer struct{ trace.Tracer }

func (t discreetTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, span := t.Tracer.Start(ctx, name, opts...)
	return ctx, discreetSpan{span}
}

type discreetSpan struct{ trace.Span }

func (s discreetSpan) SetAttributes(attrs ...attribute.KeyValue) {
	attrs = slices.Clone(attrs)
	for i, attr := range attrs {
		if attr.Key == semconv.URLFullKey {
			attrs[i] = semconv.URLFull(publicPart(attr.Value.AsString()))
		}
	}
	s.Span.SetAttributes(attrs...)
}

func (s discreetSpan) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// publicPart returns a URL with a template in place of its path and query.
func publicPart(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "REDACTED"
	}
	return u.Scheme + "://" + u.Host + template(u)
}

// template returns what a request asks for, without IDs. It copies nothing out
// of the URL, so that no secret can get through: all that is not known to be a
// path of the API may be a one-time upload URL or a signed delivery URL.
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
