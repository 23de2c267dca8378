package conformance_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// timeCases are timeouts, deadlines, cancellation and stalled responses.
func timeCases() []testCase {
	stall := imagestest.Stall{}
	slow := func(d time.Duration) imagestest.Kind { return imagestest.Slow{Every: d} }
	const inBody = 30
	return []testCase{
		{
			name:   "canceled during a wait",
			faults: faults(on(imagestest.OpList, imagestest.Refusal(503).With("Retry-After", "7"))),
			call:   canceledAfter(3*time.Second, doList),
			want:   outcome{is: targets(context.Canceled, errEnough), status: 503, attempts: 1, retryAfter: 7 * time.Second, requests: 1, took: 3 * time.Second},
		},
		{
			name:   "a create canceled during a wait",
			faults: faults(on(imagestest.OpCreate, imagestest.Refusal(429).With("Retry-After", "7"))),
			call:   canceledAfter(3*time.Second, doCreate),
			want:   outcome{is: targets(context.Canceled, errEnough, cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: 7 * time.Second, requests: 1, took: 3 * time.Second},
		},
		{
			name: "canceled before the call",
			call: func(ctx context.Context, f *fixture) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return doCreate(ctx, f)
			},
			want: outcome{is: targets(context.Canceled)},
		},
		{
			name: "a deadline that has passed",
			call: within(-1, doGet),
			want: outcome{is: targets(context.DeadlineExceeded)},
		},
		{
			name:   "canceled while a read waits for its response",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   canceledAfter(3*time.Second, doGet),
			want:   outcome{is: targets(context.Canceled, errEnough), requests: 1, took: 3 * time.Second},
		},
		{
			name:   "canceled while a create waits for its response",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.AfterCommit))),
			call:   canceledAfter(3*time.Second, doCreate),
			want: outcome{is: targets(context.Canceled, errEnough, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 3 * time.Second},
		},
		{
			name:   "canceled in the middle of a response",
			faults: faults(on(imagestest.OpList, stall, at(imagestest.MidBody(inBody)))),
			call:   canceledAfter(3*time.Second, doList),
			want:   outcome{is: targets(context.Canceled, errEnough), requests: 1, took: 3 * time.Second},
		},
		{
			name:   "the caller's deadline is before that of the attempt",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   within(10*time.Second, doGet),
			want:   outcome{is: targets(context.DeadlineExceeded), requests: 1, took: 10 * time.Second},
		},
		{
			name:   "one attempt without a response",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   doGet,
			want:   outcome{requests: 2, took: 30 * time.Second, atMost: 30*time.Second + backoffs(1)},
		},
		{
			name:   "one attempt without a response within a custom timeout",
			client: []cfimages.Option{cfimages.WithRequestTimeout(time.Second)},
			faults: faults(on(imagestest.OpDelete, stall, at(imagestest.AfterRead))),
			call:   doDelete,
			want:   outcome{requests: 2, stored: "(draft)", took: time.Second, atMost: time.Second + backoffs(1)},
		},
		{
			name:   "no attempt gets a response",
			faults: faults(on(imagestest.OpList, stall, times(4))),
			call:   doList,
			want:   outcome{is: targets(os.ErrDeadlineExceeded), requests: 4, took: 2 * time.Minute, atMost: 2*time.Minute + backoffs(3)},
		},
		{
			name:   "a create without a response",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.AfterCommit))),
			call:   doCreate,
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 30 * time.Second},
		},
		{
			name:   "an upload that the server does not read",
			faults: faults(on(imagestest.OpUpload, stall)),
			call: func(ctx context.Context, f *fixture) error {
				file := cfimages.File{Body: strings.NewReader(canned.PNG + strings.Repeat("x", 1<<20))}
				_, err := f.client.DirectUploads.Upload(ctx, f.uploadURL, file)
				return err
			},
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1, took: 30 * time.Second},
		},
		{
			name:   "a response that stalls",
			faults: faults(on(imagestest.OpGet, stall, at(imagestest.MidBody(inBody)))),
			call:   doGet,
			want:   outcome{requests: 2, took: 30 * time.Second, atMost: 30*time.Second + backoffs(1)},
		},
		{
			name:   "every response stalls",
			faults: faults(on(imagestest.OpList, stall, at(imagestest.MidBody(inBody)), times(4))),
			call:   doList,
			want:   outcome{is: targets(os.ErrDeadlineExceeded), requests: 4, took: 2 * time.Minute, atMost: 2*time.Minute + backoffs(3)},
		},
		{
			name:   "the response to a create stalls",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.MidBody(inBody)))),
			call:   doCreate,
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 30 * time.Second},
		},
		{
			name:   "a byte a second",
			faults: faults(on(imagestest.OpGet, slow(time.Second))),
			call:   doGet,
			want:   outcome{requests: 1, took: 3 * time.Minute, atMost: 9 * time.Minute},
		},
		{
			name:   "a byte every 29 seconds",
			faults: faults(on(imagestest.OpCreate, slow(29*time.Second))),
			call:   doCreate,
			want:   outcome{requests: 1, stored: before + " (new)", took: time.Hour, atMost: 2 * time.Hour},
		},
		{
			name:   "a byte every 31 seconds",
			faults: faults(on(imagestest.OpGet, slow(31*time.Second))),
			call:   doGet,
			want:   outcome{requests: 2, took: 30 * time.Second, atMost: 30*time.Second + backoffs(1)},
		},
		{
			name:   "a slow server within the request timeout",
			server: []imagestest.Option{imagestest.WithLatency(29 * time.Second)},
			call:   then(doList, doGet, doCreate, doUpload, doDelete),
			want:   outcome{requests: 5, stored: "(new) draft", took: 5 * 29 * time.Second},
		},
	}
}

// Cancellation while an error's body is read is still a cancellation.
func TestCanceledWhileReadingAnErrorBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(canned.Transport).ThenDo(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 500, Header: http.Header{}, Body: io.NopCloser(untilDone{req.Context()})}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := newClient(t, transport).ImagesV1.Get(ctx, "img")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		failed, ok := errors.AsType[*cfimages.Error](err)
		require.True(t, ok)
		assert.Equal(t, 500, failed.StatusCode)
	})
}

type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

// An error of this library may be the cause of a cancellation: another call
// must not change it.
func TestCauseOfCancellationIsNotChanged(t *testing.T) {
	cause := &cfimages.Error{Op: "ImagesV1.Get", StatusCode: http.StatusForbidden}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for call, do := range calls(newClient(t, canned.JSON(canned.EmptyPage))) {
		err := do(ctx)
		assert.ErrorIs(t, err, context.Canceled, call)
		assert.ErrorIs(t, err, cause, call)
	}
	assert.Equal(t, &cfimages.Error{Op: "ImagesV1.Get", StatusCode: http.StatusForbidden}, cause)
}
