package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func TestScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, nil)
		o.server.Seed(listed, func(int) cfimages.Image { return cfimages.Image{Creator: "alice"} })
		o.server.Inject(
			imagestest.Fault{Operation: imagestest.OpList, Call: 1, Kind: imagestest.EdgePage(http.StatusBadGateway)},
			imagestest.Fault{Operation: imagestest.OpCreate, Kind: imagestest.Refusal(http.StatusTooManyRequests).With("Retry-After", "7")},
			imagestest.Fault{Operation: imagestest.OpGet, At: imagestest.MidBody(9), Kind: imagestest.Cut{}},
			imagestest.Fault{Operation: imagestest.OpDelete, Kind: imagestest.Reset{}},
		)
		s := &scenario{client: o.client, tracer: o.tracer()}
		require.NoError(t, s.run(t.Context()))
		assert.Empty(t, o.server.Unused())
		assert.Equal(t, []string{
			"list images > GET /accounts/{account_id}/images/v2 200",
			"list images > GET /accounts/{account_id}/images/v2 502",
			"list images > GET /accounts/{account_id}/images/v2 200",
			"list images > GET /accounts/{account_id}/images/v2 200",
			"upload an image > POST /accounts/{account_id}/images/v2/direct_upload 429",
			"upload an image > POST /accounts/{account_id}/images/v2/direct_upload 200",
			"upload an image > POST /{secret} 200",
			"upload an image > GET /accounts/{account_id}/images/v1/{id} 200",
			"upload an image > GET /accounts/{account_id}/images/v1/{id} 200",
			"upload to a used URL > POST /{secret} 409",
			"delete the image > DELETE /accounts/{account_id}/images/v1/{id} 0",
			"delete the image > DELETE /accounts/{account_id}/images/v1/{id} 200",
		}, o.tree())
		o.check(t, s.link.UploadURL, "alice")
		assert.Equal(t, o.logged(), o.sent(), "one record for each span, in the parent's context")
		assert.Len(t, o.server.Images(), listed)
	})
}

// sent returns the parent, method and status of each request's span, in the
// order of their ends.
func (o *observer) sent() []string {
	var lines []string
	for _, span := range o.spans.Ended() {
		if span.SpanKind() == trace.SpanKindClient {
			method, _, _ := strings.Cut(span.Name(), " ")
			parent := span.Parent()
			lines = append(lines, fmt.Sprintf("%s %d %s %s", method, statusOf(span), parent.TraceID(), parent.SpanID()))
		}
	}
	return lines
}

var recordForm = regexp.MustCompile(`method=(\S+) .*status=(\d+) .*trace_id=(\S+) span_id=(\S+)`)

// logged returns the same of each record.
func (o *observer) logged() []string {
	var lines []string
	for _, found := range recordForm.FindAllStringSubmatch(o.log.String(), -1) {
		lines = append(lines, strings.Join(found[1:], " "))
	}
	return lines
}

func TestFailedScenario(t *testing.T) {
	for _, test := range []struct {
		fails imagestest.Operation
		want  []string // use cases
	}{
		{imagestest.OpList, []string{"list images"}},
		{imagestest.OpCreate, []string{"list images", "upload an image"}},
		{imagestest.OpUpload, []string{"list images", "upload an image", "delete the image"}},
	} {
		t.Run(string(test.fails), func(t *testing.T) {
			o := observe(t, nil)
			o.server.Inject(imagestest.Fault{Operation: test.fails, Times: imagestest.Always, Kind: imagestest.Refusal(http.StatusForbidden)})
			s := &scenario{client: o.client, tracer: o.tracer()}
			require.ErrorIs(t, s.run(t.Context()), cfimages.ErrForbidden)
			var useCases []string
			for _, span := range o.spans.Ended() {
				if !span.Parent().IsValid() {
					useCases = append(useCases, span.Name())
				}
			}
			assert.Equal(t, test.want, useCases)
			assert.Empty(t, o.server.Images())
			o.check(t)
		})
	}
}

func TestSpanHandler(t *testing.T) {
	o := observe(t, nil)
	log := newLogger(o)
	log.InfoContext(t.Context(), "outside")
	ctx, span := o.tracer().Start(t.Context(), "span")
	log.With("a", 1).WithGroup("g").InfoContext(ctx, "inside")
	lines := strings.Split(o.log.String(), "\n")
	assert.True(t, strings.HasSuffix(lines[0], "msg=outside"), lines[0])
	assert.True(t, strings.HasSuffix(lines[1], fmt.Sprintf("a=1 g.trace_id=%s g.span_id=%s",
		span.SpanContext().TraceID(), span.SpanContext().SpanID())), lines[1])
}

func TestProgram(t *testing.T) {
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &stdout, &stderr))
	var names []string
	for decoder := json.NewDecoder(&stdout); decoder.More(); {
		var span struct {
			Name        string
			SpanContext struct{ TraceID string }
		}
		require.NoError(t, decoder.Decode(&span))
		names = append(names, span.Name)
		assert.Contains(t, stderr.String(), "trace_id="+span.SpanContext.TraceID)
	}
	assert.Len(t, names, 13)
	assert.Contains(t, names, "upload to a used URL")
	assert.Contains(t, stderr.String(), "status=502 attempt=1")
}

func TestProgramWithAnAccount(t *testing.T) {
	server := imagestest.NewServer()
	defer server.Close()
	t.Setenv("CLOUDFLARE_BASE_URL", server.URL())
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", imagestest.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", imagestest.APIToken)
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &stdout, io.Discard))
	assert.Contains(t, stdout.String(), strings.TrimSuffix(server.URL(), "/client/v4")+"/{secret}")
	assert.Equal(t, 1, server.Count(imagestest.OpDelete))
	assert.Empty(t, server.Images())
}

func TestExitCodes(t *testing.T) {
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", "../x")
	t.Setenv("CLOUDFLARE_API_TOKEN", "token")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-help"}, 2, "no arguments are supported"},
		{nil, 1, "CLOUDFLARE_ACCOUNT_ID"},
	} {
		var stderr bytes.Buffer
		assert.Equal(t, test.code, exitCode(run(t.Context(), test.args, io.Discard, io.Discard), &stderr))
		assert.Contains(t, stderr.String(), test.want)
	}
	assert.Zero(t, exitCode(nil, io.Discard))
}
