package conformance_test

import (
	"context"
	"fmt"

	"github.com/cfimages/cfimages-go"
)

// The calls of the cases on an account's variants and signing keys.

// thumb is a variant that every fixture has besides public, with the same options.
var thumb = cfimages.Variant{
	ID: "thumb", Fit: cfimages.FitScaleDown, Metadata: cfimages.MetadataNone, Width: 1366, Height: 768,
}

// thumbJSON creates it.
const thumbJSON = `{"id":"thumb","options":{"fit":"scale-down","metadata":"none","width":1366,"height":768}}`

func doListVariants(ctx context.Context, f *fixture) error {
	variants, err := f.client.Variants.List(ctx)
	if err == nil && (len(variants) != 2 || variants[0].ID != "public" || variants[1] != thumb) {
		return fmt.Errorf("not the variants: %v", variants)
	}
	return err
}

func doGetVariant(ctx context.Context, f *fixture) error {
	v, err := f.client.Variants.Get(ctx, thumb.ID)
	return checkVariant(thumb, v, err)
}

func doCreateVariant(ctx context.Context, f *fixture) error {
	want := thumb
	want.ID = "new"
	v, err := f.client.Variants.Create(ctx, want)
	return checkVariant(want, v, err)
}

func doUpdateVariant(ctx context.Context, f *fixture) error {
	want := thumb
	want.Width = 64
	v, err := f.client.Variants.Update(ctx, want)
	return checkVariant(want, v, err)
}

func checkVariant(want cfimages.Variant, got *cfimages.Variant, err error) error {
	if err == nil && *got != want {
		return fmt.Errorf("not the variant: %+v", *got)
	}
	return err
}

func doDeleteVariant(ctx context.Context, f *fixture) error {
	return f.client.Variants.Delete(ctx, thumb.ID)
}

func doSetFlexible(ctx context.Context, f *fixture) error {
	return f.client.Variants.SetFlexible(ctx, true)
}

func doListKeys(ctx context.Context, f *fixture) error {
	keys, err := f.client.SigningKeys.List(ctx)
	if err == nil && (len(keys) != 2 || keys[1].Name != "key-2" || keys[1].Value() != canarySigningKey) {
		return fmt.Errorf("not the keys: %v", keys)
	}
	return err
}

func doCreateKey(ctx context.Context, f *fixture) error {
	key, err := f.client.SigningKeys.Create(ctx, "new")
	if err == nil && (key.Name != "new" || !containsAny(key.Value(), []string{canaryNewKey})) {
		return fmt.Errorf("not the new key: %v", key)
	}
	return err
}

func doDeleteKey(ctx context.Context, f *fixture) error {
	return f.client.SigningKeys.Delete(ctx, "key-2")
}
