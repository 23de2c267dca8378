package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/cfimages/cfimages-go"
)

// Names returns the names of all images. It resumes a failed walk once.
func Names(ctx context.Context, images *cfimages.ImagesV2, params cfimages.ListParams) ([]string, error) {
	names, err := namesUntil(ctx, images, params)
	failed, ok := errors.AsType[*cfimages.PageError](err)
	if !ok {
		return names, err
	}
	params.ContinuationToken, params.Skip = failed.ContinuationToken, failed.Yielded
	more, err := namesUntil(ctx, images, params)
	return append(names, more...), err
}

func namesUntil(ctx context.Context, images *cfimages.ImagesV2, params cfimages.ListParams) ([]string, error) {
	var names []string
	for img, err := range images.All(ctx, params) {
		if err != nil {
			return names, fmt.Errorf("after %d images: %w", len(names), err)
		}
		names = append(names, img.Filename)
	}
	return names, nil
}

// Pages counts the pages and their images.
func Pages(ctx context.Context, images *cfimages.ImagesV2, params cfimages.ListParams) (pages, count int, err error) {
	for page, err := range images.Pages(ctx, params) {
		if err != nil {
			return pages, count, err
		}
		pages, count = pages+1, count+len(page.Images)
	}
	return pages, count, nil
}
