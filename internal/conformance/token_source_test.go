package conformance_test

import (
	"context"
	"errors"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// errSealed is why a token source fails.
var errSealed = errors.New("the secret store is sealed")

// canaryOldToken was valid once.
const canaryOldToken = "canary-token-that-expired"

// tokenSourceCases are clients whose API token changes. In the other groups, every third
// case has a source that always returns the same token.
func tokenSourceCases() []testCase {
	cases := []testCase{
		{
			name:   "a token that changes during an outage",
			faults: faults(on(imagestest.OpGet, imagestest.EdgePage(502))),
			call:   withTokens(doGet, canaryOldToken, canaryToken),
			want:   outcome{requests: 2, atMost: backoffs(1)},
		},
		{
			name: "a token that is rejected, and is not changed",
			call: withTokens(doGet, canaryOldToken),
			want: outcome{is: targets(cfimages.ErrUnauthorized), status: 401, attempts: 1, requests: 1, atMost: backoffs(1)},
		},
		{
			name: "two tokens that are rejected",
			call: withTokens(doGet, canaryOldToken, canaryOldToken+"-too", canaryToken),
			want: outcome{is: targets(cfimages.ErrUnauthorized), status: 401, attempts: 2, requests: 2, atMost: backoffs(1)},
		},
		{
			name: "a source that fails after an attempt",
			call: withTokens(doGet, canaryOldToken, ""),
			want: outcome{is: targets(errSealed, cfimages.ErrUnauthorized), status: 401, attempts: 1, requests: 1, atMost: backoffs(1)},
		},
		{
			name: "a token with a line break",
			call: withTokens(doGet, canaryToken+"\n"),
			want: outcome{says: "visible ASCII"},
		},
	}
	for _, o := range operations {
		cases = append(cases, o.withoutToken())
		if o.retry != unsent {
			cases = append(cases, o.withNewToken())
		}
	}
	return cases
}

// withNewToken is a call whose first attempt has a token that is rejected: a read
// asks the source once more, and a write fails.
func (o operation) withNewToken() testCase {
	c := testCase{
		name: title("a token that is rejected, and another one, for", o),
		call: withTokens(o.call, canaryOldToken, canaryToken),
		want: outcome{requests: 2, stored: o.after, atMost: backoffs(1)},
	}
	if o.retry != always {
		c.want = outcome{is: targets(cfimages.ErrUnauthorized), status: 401, attempts: 1, requests: 1}
	}
	return c
}

// withoutToken is a call whose source fails: nothing is sent. An upload to a one-time
// URL needs no token.
func (o operation) withoutToken() testCase {
	c := testCase{
		name: title("a source that fails for", o),
		call: withTokens(o.call, ""),
		want: outcome{is: targets(errSealed), says: "the token source failed"},
	}
	if o.op == imagestest.OpUpload {
		c.want = outcome{requests: 1, stored: o.after}
	}
	return c
}

// withTokens makes a call with a source that returns one token after the other, and the
// last again and again. It fails in place of an empty one.
func withTokens(call func(context.Context, *fixture) error, tokens ...string) func(context.Context, *fixture) error {
	return func(ctx context.Context, f *fixture) error {
		next := 0
		source := func(context.Context) (string, error) {
			token := tokens[min(next, len(tokens)-1)]
			next++
			if token == "" {
				return "", errSealed
			}
			return token, nil
		}
		f.client = f.newClient(append(f.options, cfimages.WithTokenSource(source))...)
		return call(ctx, f)
	}
}
