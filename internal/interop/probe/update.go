package main

import (
	"context"
	"encoding/json"

	"github.com/cfimages/cfimages-go"
)

// change is an update of an image; what is absent is not sent.
type change struct {
	ID                string  `json:"id"`
	Creator           *string `json:"creator"`
	Meta              string  `json:"meta"` // JSON in a string, as of an image to store
	RequireSignedURLs *bool   `json:"requireSignedURLs"`
}

// update changes an image, and answers with what the update returned and with what
// the image's details are afterwards.
func (c *change) update(ctx context.Context, client *cfimages.Client) (answer, error) {
	params := cfimages.UpdateParams{Creator: c.Creator, RequireSignedURLs: c.RequireSignedURLs}
	if c.Meta != "" {
		params.Metadata = json.RawMessage(c.Meta)
	}
	updated, err := client.ImagesV1.Update(ctx, c.ID, params)
	if err != nil {
		return answer{}, err
	}
	stored, err := client.ImagesV1.Get(ctx, updated.ID)
	if err != nil {
		return answer{}, err
	}
	return answer{ID: updated.ID, Updated: updated, Stored: stored}, nil
}
