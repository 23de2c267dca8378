package conformance_test

import (
	"context"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// responseCases are responses without the content that they should have.
func responseCases() []testCase {
	var cases []testCase
	for _, o := range operations {
		for name, response := range map[string]imagestest.Reply{
			"nothing":              {},
			"a page of HTML":       imagestest.EdgePage(200),
			"another JSON":         {Body: `{"ok":true}`},
			"half an envelope":     {Body: `{"result":{"id":"image","images":[],"uploadURL":"https://u.example/x"},"success":tr`},
			"no result":            {Body: `{"success":true,"result":null,"errors":[]}`},
			"status 204":           {Status: 204},
			"two envelopes":        {Body: strings.Repeat(`{"success":true,"result":{"id":"image","images":[],"uploadURL":"https://u.example/x"}}`, 2)},
			"gzip that is no gzip": imagestest.Reply{Body: "this is no gzip"}.With("Content-Encoding", "gzip"),
		} {
			want := outcome{is: o.unknown(cfimages.ErrMalformedResponse), status: 200, attempts: 1, requests: 1}
			switch {
			case response.Status != 0:
				want.status = response.Status
			case name == "no result" && !o.needsResult():
				want.is, want.status, want.attempts = nil, 0, 0
			}
			cases = append(cases, testCase{name: title(name, "for", o), faults: faults(on(o.op, response)), call: o.call, want: want})
		}
		cases = append(cases, testCase{
			name:   title("success:false at 200 for", o),
			faults: faults(on(o.op, imagestest.Refusal(200))),
			call:   o.call,
			want:   outcome{status: 200, attempts: 1, requests: 1},
		})
	}
	return append(cases,
		testCase{
			name: "a deletion whose confirmation is lost, and then the refusal that confirms it in its middle",
			faults: faults(
				on(imagestest.OpDelete, imagestest.Reset{}, at(imagestest.AfterCommit)),
				on(imagestest.OpDelete, imagestest.Cut{}, at(imagestest.MidBody(10)), call(1))),
			call: doDelete,
			want: outcome{requests: 3, stored: "(draft)", atMost: backoffs(2)},
		},
		testCase{
			name:   "a refusal that is cut in its middle",
			faults: faults(on(imagestest.OpGet, imagestest.Cut{}, at(imagestest.MidBody(10)))),
			call: func(ctx context.Context, f *fixture) error {
				_, err := f.client.ImagesV1.Get(ctx, "unknown")
				return err
			},
			want: outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 2, requests: 2, atMost: backoffs(1)},
		},
		testCase{
			name:   "a list with a length that is too large",
			faults: faults(on(imagestest.OpList, imagestest.WrongLength{By: 5})),
			call:   doList,
			want:   outcome{requests: 2, atMost: backoffs(1)},
		},
		testCase{
			name:   "a list with a length that is too small",
			faults: faults(on(imagestest.OpList, imagestest.WrongLength{By: -5})),
			call:   doList,
			want:   outcome{is: targets(cfimages.ErrMalformedResponse), status: 200, attempts: 1, requests: 1},
		},
		testCase{
			name: "a time of a megabyte",
			faults: faults(on(imagestest.OpList, imagestest.Reply{
				Body: `{"success":true,"result":{"images":[{"id":"image","uploaded":"` + strings.Repeat("x", 1<<20) + `"}]}}`})),
			call: doList,
			want: outcome{is: targets(cfimages.ErrMalformedResponse), status: 200, attempts: 1, requests: 1},
		},
		testCase{
			name:   "chunks without the last",
			faults: faults(on(imagestest.OpGet, imagestest.Cut{Chunked: true}, at(imagestest.MidBody(1<<20)))),
			call:   doGet,
			want:   outcome{requests: 2, atMost: backoffs(1)},
		})
}
