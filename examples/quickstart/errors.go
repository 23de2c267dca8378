package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/cfimages/cfimages-go"
)

// showErrors makes three calls that fail, and prints their errors.
func (t *tour) showErrors(ctx context.Context) error {
	t.printf("\n7. Distinguish errors")
	_, err := t.client.ImagesV2.List(ctx, cfimages.ListParams{
		Meta: cfimages.Where(cfimages.Eq("region-name", "eu-west")),
	})
	t.printf("   a filter on a field name with a hyphen: %s", explain(err))

	_, err = t.client.DirectUploads.Upload(ctx, t.usedURL, cfimages.File{Name: "again.png", Body: picture(0)})
	t.printf("   an upload URL used twice: %s", explain(err))

	_, err = t.client.ImagesV1.Get(ctx, "quickstart-"+t.run+"-none")
	t.printf("   an unknown image: %s", explain(err))
	return ctx.Err()
}

// explain returns the kind of err, found by errors.Is, and the server's response,
// found by errors.AsType.
func explain(err error) string {
	kind := "another error"
	switch {
	case err == nil:
		return "no error"
	case errors.Is(err, cfimages.ErrInvalidParams):
		kind = "ErrInvalidParams, nothing was sent"
	case errors.Is(err, cfimages.ErrConflict):
		kind = "ErrConflict"
	case errors.Is(err, cfimages.ErrNotFound):
		kind = "ErrNotFound"
	}
	if response, ok := errors.AsType[*cfimages.Error](err); ok {
		return fmt.Sprintf("%s, status %d %v", kind, response.StatusCode, response.Errors)
	}
	return fmt.Sprintf("%s\n      %v", kind, err)
}
