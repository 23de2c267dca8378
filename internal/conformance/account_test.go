package conformance_test

import (
	"context"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// accountCases are calls on an account's variants and signing keys, without faults.
func accountCases() []testCase {
	deleteKey := func(name string) func(context.Context, *fixture) error {
		return func(ctx context.Context, f *fixture) error { return f.client.SigningKeys.Delete(ctx, name) }
	}
	deleteVariant := func(id string) func(context.Context, *fixture) error {
		return func(ctx context.Context, f *fixture) error { return f.client.Variants.Delete(ctx, id) }
	}
	conflict := func(o outcome) outcome {
		o.is, o.status, o.attempts, o.requests = targets(cfimages.ErrConflict), 409, 1, 2
		return o
	}
	notFound := outcome{is: targets(cfimages.ErrNotFound), status: 404, attempts: 1, requests: 1}
	return []testCase{
		{
			name:   "flexible variants are disabled",
			server: []imagestest.Option{imagestest.WithFlexibleVariants()},
			call:   func(ctx context.Context, f *fixture) error { return f.client.Variants.SetFlexible(ctx, false) },
			want:   outcome{requests: 1},
		},
		{
			name: "the last signing key is deleted, and another one is made",
			call: then(deleteKey("key-2"), deleteKey("default")),
			want: outcome{requests: 2, stored: before + "; keys default"},
		},
		{
			name: "a signing key with a name that is taken",
			call: then(doCreateKey, doCreateKey),
			want: conflict(outcome{stored: before + "; keys default key-2 new"}),
		},
		{
			name: "a variant with an ID that is taken",
			call: then(doCreateVariant, doCreateVariant),
			want: conflict(outcome{stored: before + "; variants new public thumb"}),
		},
		{
			name: "the variant public is not deleted",
			call: deleteVariant("public"),
			want: outcome{is: targets(cfimages.ErrInvalidParams)},
		},
		{name: "a deletion of an unknown variant", call: deleteVariant("unknown"), want: notFound},
		{name: "a deletion of an unknown signing key", call: deleteKey("unknown"), want: notFound},
	}
}
