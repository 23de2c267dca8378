package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cfimages/cfimages-go"
)

// picture is the signature of a PNG: imagestest checks no more.
const picture = "\x89PNG\r\n\x1a\n"

// question is a line of stdin: an image to store, a change of an image, or conditions
// to find images by.
type question struct {
	Store *struct {
		ID      string `json:"id"`
		Creator string `json:"creator"`
		Meta    string `json:"meta"` // JSON in a string: JavaScript would round its numbers
		Draft   bool   `json:"draft"`
	} `json:"store"`
	Update *change `json:"update"`
	Find   *struct {
		Creator    *string     `json:"creator"`
		Conditions []condition `json:"conditions"`
	} `json:"find"`
}

// condition is one metadata filter, its values as text.
type condition struct {
	Field    string   `json:"field"`
	Operator string   `json:"operator"` // eq, in, gt, gte, lt or lte
	Type     string   `json:"type"`     // string, number, boolean or "" for untyped
	Values   []string `json:"values"`
}

// query answers the questions in order with the client that the environment describes.
func query(ctx context.Context, stdin io.Reader, out *json.Encoder) error {
	client, err := cfimages.NewClient()
	if err != nil {
		return err
	}
	for in := json.NewDecoder(stdin); ; {
		var q question
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := q.ask(ctx, client)
		if err != nil {
			a = failure(err)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

func (q question) ask(ctx context.Context, client *cfimages.Client) (answer, error) {
	switch {
	case q.Store != nil:
		return q.store(ctx, client)
	case q.Update != nil:
		return q.Update.update(ctx, client)
	case q.Find != nil:
		return q.find(ctx, client)
	}
	return answer{}, errors.New("a question needs store, update or find")
}

func (q question) store(ctx context.Context, client *cfimages.Client) (answer, error) {
	draft, err := client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{
		ID: q.Store.ID, Creator: q.Store.Creator, Metadata: json.RawMessage(q.Store.Meta),
	})
	if err != nil {
		return answer{}, err
	}
	if q.Store.Draft {
		return answer{ID: draft.ID}, nil
	}
	img, err := client.DirectUploads.Upload(ctx, draft.UploadURL, cfimages.File{Name: "picture.png", Body: strings.NewReader(picture)})
	if err != nil {
		return answer{}, err
	}
	return answer{ID: img.ID, Image: img}, nil
}

// find lists in pages of 10, so that continuation tokens are used, too.
func (q question) find(ctx context.Context, client *cfimages.Client) (answer, error) {
	conditions := make([]cfimages.Condition, len(q.Find.Conditions))
	for i, c := range q.Find.Conditions {
		var err error
		if conditions[i], err = c.typed(); err != nil {
			return answer{}, err
		}
	}
	var found answer
	for img, err := range client.ImagesV2.All(ctx, cfimages.ListParams{
		PerPage:   10,
		SortOrder: cfimages.SortAscending,
		Creator:   q.Find.Creator,
		Meta:      cfimages.Where(conditions...),
	}) {
		if err != nil {
			return answer{}, err
		}
		found.IDs = append(found.IDs, img.ID)
	}
	return found, nil
}

// typed returns the condition, made by the typed function of cfimages.
func (c condition) typed() (cfimages.Condition, error) {
	if len(c.Values) == 0 {
		return cfimages.Condition{}, fmt.Errorf("condition on %q has no value", c.Field)
	}
	switch c.Type + " " + c.Operator {
	case " eq":
		return cfimages.EqUntyped(c.Field, c.Values[0]), nil
	case " in":
		return cfimages.InUntyped(c.Field, c.Values...), nil
	case "string eq":
		return cfimages.Eq(c.Field, c.Values[0]), nil
	case "string in":
		return cfimages.In(c.Field, c.Values...), nil
	case "boolean eq":
		value, err := strconv.ParseBool(c.Values[0])
		return cfimages.Eq(c.Field, value), err
	}
	if integers, err := parsed(c.Values, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }); err == nil {
		return numeric(c, integers)
	}
	floats, err := parsed(c.Values, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
	if err != nil {
		return cfimages.Condition{}, err
	}
	return numeric(c, floats)
}

func numeric[T int64 | float64](c condition, values []T) (cfimages.Condition, error) {
	switch c.Operator {
	case "eq":
		return cfimages.Eq(c.Field, values[0]), nil
	case "in":
		return cfimages.In(c.Field, values...), nil
	case "gt":
		return cfimages.Gt(c.Field, values[0]), nil
	case "gte":
		return cfimages.Gte(c.Field, values[0]), nil
	case "lt":
		return cfimages.Lt(c.Field, values[0]), nil
	case "lte":
		return cfimages.Lte(c.Field, values[0]), nil
	}
	return cfimages.Condition{}, fmt.Errorf("no operator %q for the type %q", c.Operator, c.Type)
}

func parsed[T any](texts []string, parse func(string) (T, error)) ([]T, error) {
	values := make([]T, len(texts))
	for i, text := range texts {
		var err error
		if values[i], err = parse(text); err != nil {
			return nil, err
		}
	}
	return values, nil
}
