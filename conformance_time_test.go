package cfimages_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// retryAfterCases are what a server may say of when to come back, and what of
// it is believed: nonsense makes it an ordinary wait, and never none. The virtual
// clock begins with the year 2000.
func retryAfterCases() []conformanceCase {
	limited := func(header string) imagestest.Reply { return imagestest.Refusal(429).With("Retry-After", header) }
	var cases []conformanceCase
	for header, wait := range map[string]time.Duration{
		"1":                                time.Second,
		"7":                                7 * time.Second,
		" 7 ":                              7 * time.Second,
		"10":                               10 * time.Second,
		"Sat, 01 Jan 2000 00:00:05 GMT":    5 * time.Second,
		"Saturday, 01-Jan-00 00:00:05 GMT": 5 * time.Second,
		"Sat Jan  1 00:00:05 2000":         5 * time.Second,
	} {
		cases = append(cases, conformanceCase{
			name:   title("Retry-After is waited for:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{requests: 2, took: wait},
		})
	}
	for _, header := range []string{
		"", "0", "-1", "+1", "1.5", "NaN", "Inf", "1e3", "0x10", "soon", "7 s", "5, 6", "99999999999999999999", "9223372037",
		"Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 31 Dec 1999 23:59:59 GMT", "Sat, 99 Jan 2000 00:00:05 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		cases = append(cases, conformanceCase{
			name:   title("Retry-After is nonsense:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{requests: 2, took: 1, atMost: backoffs(1)},
		})
	}
	for header, wait := range map[string]time.Duration{
		"11":                            11 * time.Second,
		"86400":                         24 * time.Hour,
		"9223372036":                    9223372036 * time.Second,
		"Sat, 01 Jan 2000 01:00:00 GMT": time.Hour,
	} {
		cases = append(cases, conformanceCase{
			name:   title("Retry-After is too long:", strconv.Quote(header)),
			faults: faults(on(imagestest.OpList, limited(header))),
			call:   doList,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: wait, requests: 1},
		})
	}
	return append(cases, retryAfterElsewhere(limited)...)
}

func retryAfterElsewhere(limited func(string) imagestest.Reply) []conformanceCase {
	return []conformanceCase{
		{
			name:   "Retry-After of a 503",
			faults: faults(on(imagestest.OpGet, imagestest.EdgePage(503).With("Retry-After", "3"), times(2))),
			call:   doGet,
			want:   outcome{requests: 3, took: 6 * time.Second},
		},
		{
			name:   "Retry-After of a create",
			faults: faults(on(imagestest.OpCreate, limited("2"))),
			call:   doCreate,
			want:   outcome{requests: 2, stored: before + " (new)", took: 2 * time.Second},
		},
		{
			name:   "Retry-After of an upload is told",
			faults: faults(on(imagestest.OpUpload, limited("2"))),
			call:   doUpload,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: 2 * time.Second, requests: 1},
		},
		{
			name:   "Retry-After beyond the caller's deadline",
			faults: faults(on(imagestest.OpList, limited("7"))),
			call:   within(5*time.Second, doList),
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: 7 * time.Second, requests: 1},
		},
		{
			name:   "Retry-After without retries",
			client: once(),
			faults: faults(on(imagestest.OpDelete, limited("1"))),
			call:   doDelete,
			want:   outcome{is: targets(cfimages.ErrRateLimited), status: 429, attempts: 1, retryAfter: time.Second, requests: 1},
		},
		{
			name:   "Retry-After within a policy of one's own",
			client: []cfimages.Option{cfimages.WithRetryPolicy(cfimages.RetryPolicy{MaxAttempts: 2, MaxWait: time.Hour})},
			faults: faults(on(imagestest.OpList, limited("3600"))),
			call:   doList,
			want:   outcome{requests: 2, took: time.Hour},
		},
	}
}

// timeCases are timeouts, deadlines, cancellation and silence.
func timeCases() []conformanceCase {
	stall := imagestest.Stall{}
	slow := func(d time.Duration) imagestest.Kind { return imagestest.Slow{Every: d} }
	const inBody = 30
	return []conformanceCase{
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
			call: func(ctx context.Context, b *bench) error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return doCreate(ctx, b)
			},
			want: outcome{is: targets(context.Canceled)},
		},
		{
			name: "a deadline that has passed",
			call: within(-1, doGet),
			want: outcome{is: targets(context.DeadlineExceeded)},
		},
		{
			name:   "canceled while a read waits for its reply",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   canceledAfter(3*time.Second, doGet),
			want:   outcome{is: targets(context.Canceled, errEnough), requests: 1, took: 3 * time.Second},
		},
		{
			name:   "canceled while a create waits for its reply",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.AfterCommit))),
			call:   canceledAfter(3*time.Second, doCreate),
			want: outcome{is: targets(context.Canceled, errEnough, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 3 * time.Second},
		},
		{
			name:   "canceled in the middle of a reply",
			faults: faults(on(imagestest.OpList, stall, at(imagestest.MidBody(inBody)))),
			call:   canceledAfter(3*time.Second, doList),
			want:   outcome{is: targets(context.Canceled, errEnough), requests: 1, took: 3 * time.Second},
		},
		{
			name:   "the caller's deadline comes before the attempt's",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   within(10*time.Second, doGet),
			want:   outcome{is: targets(context.DeadlineExceeded), requests: 1, took: 10 * time.Second},
		},
		{
			name:   "one attempt without a reply",
			faults: faults(on(imagestest.OpGet, stall)),
			call:   doGet,
			want:   outcome{requests: 2, took: 30 * time.Second, atMost: 30*time.Second + backoffs(1)},
		},
		{
			name:   "one attempt without a reply within a timeout of one's own",
			client: []cfimages.Option{cfimages.WithRequestTimeout(time.Second)},
			faults: faults(on(imagestest.OpDelete, stall, at(imagestest.AfterRead))),
			call:   doDelete,
			want:   outcome{requests: 2, stored: "(draft)", took: time.Second, atMost: time.Second + backoffs(1)},
		},
		{
			name:   "no attempt has a reply",
			faults: faults(on(imagestest.OpList, stall, times(4))),
			call:   doList,
			want:   outcome{is: targets(os.ErrDeadlineExceeded), requests: 4, took: 2 * time.Minute, atMost: 2*time.Minute + backoffs(3)},
		},
		{
			name:   "a create without a reply",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.AfterCommit))),
			call:   doCreate,
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 30 * time.Second},
		},
		{
			name:   "an upload that nobody reads",
			faults: faults(on(imagestest.OpUpload, stall)),
			call: func(ctx context.Context, b *bench) error {
				file := cfimages.File{Body: strings.NewReader(tinyPNG + strings.Repeat("x", 1<<20))}
				_, err := b.client.DirectUploads.Upload(ctx, b.uploadURL, file)
				return err
			},
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1, took: 30 * time.Second},
		},
		{
			name:   "silence in the middle of a reply",
			faults: faults(on(imagestest.OpGet, stall, at(imagestest.MidBody(inBody)))),
			call:   doGet,
			want:   outcome{requests: 2, took: 30 * time.Second, atMost: 30*time.Second + backoffs(1)},
		},
		{
			name:   "silence in the middle of every reply",
			faults: faults(on(imagestest.OpList, stall, at(imagestest.MidBody(inBody)), times(4))),
			call:   doList,
			want:   outcome{is: targets(os.ErrDeadlineExceeded), requests: 4, took: 2 * time.Minute, atMost: 2*time.Minute + backoffs(3)},
		},
		{
			name:   "silence in the middle of the reply to a create",
			faults: faults(on(imagestest.OpCreate, stall, at(imagestest.MidBody(inBody)))),
			call:   doCreate,
			want: outcome{is: targets(os.ErrDeadlineExceeded, cfimages.ErrOutcomeUnknown), requests: 1,
				stored: before + " (new)", took: 30 * time.Second},
		},
		{
			name:   "a byte a second",
			faults: faults(on(imagestest.OpGet, slow(time.Second))),
			call:   doGet,
			want:   outcome{requests: 1, took: 3 * time.Minute, atMost: 6 * time.Minute},
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
			name:   "a slow server is waited for",
			server: []imagestest.Option{imagestest.WithLatency(29 * time.Second)},
			call:   then(doList, doGet, doCreate, doUpload, doDelete),
			want:   outcome{requests: 5, stored: "(new) draft", took: 5 * 29 * time.Second},
		},
	}
}
