package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/cfimages/cfimages-go"
)

const (
	listed  = 25          // images to list
	timeout = time.Minute // for an upload or a deletion
)

// scenario is a few use cases of a program, each with its own span.
type scenario struct {
	client *cfimages.Client
	tracer trace.Tracer
	link   *cfimages.DirectUpload
}

func (s *scenario) run(ctx context.Context) error {
	if err := s.useCase(ctx, "list images", s.list); err != nil {
		return err
	}
	err := s.useCase(ctx, "upload an image", s.upload)
	if s.link == nil {
		return err
	}
	if err == nil {
		s.useCase(ctx, "upload to a used URL", s.uploadAgain) // fails, to show an error in the trace
	}
	return errors.Join(err, s.useCase(context.WithoutCancel(ctx), "delete the image", s.delete))
}

// useCase runs do in a span, which becomes the parent of the spans of the requests.
func (s *scenario) useCase(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, span := s.tracer.Start(ctx, name)
	defer span.End()
	err := do(ctx)
	if err != nil {
		span.RecordError(err) // errors of cfimages contain no secrets
		span.SetStatus(codes.Error, err.Error())
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (s *scenario) list(ctx context.Context) error {
	n := 0
	for _, err := range s.client.ImagesV2.All(ctx, cfimages.ListParams{PerPage: 10}) {
		if err != nil {
			return err
		}
		if n++; n == listed {
			break
		}
	}
	return nil
}

// upload creates a draft, uploads an image and checks whether the upload completed.
func (s *scenario) upload(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s.link, err = s.client.DirectUploads.Create(ctx, cfimages.DirectUploadParams{Creator: "opentelemetry"})
	if err != nil {
		return err
	}
	if err := s.send(ctx); err != nil {
		return err
	}
	_, err = s.client.DirectUploads.Wait(ctx, s.link.ID)
	return err
}

func (s *scenario) uploadAgain(ctx context.Context) error { return s.send(ctx) }

func (s *scenario) send(ctx context.Context) error {
	const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	_, err := s.client.DirectUploads.Upload(ctx, s.link.UploadURL, cfimages.File{
		Name:        "pixel.png",
		ContentType: "image/png",
		Body:        base64.NewDecoder(base64.StdEncoding, strings.NewReader(pixel)),
	})
	return err
}

func (s *scenario) delete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.client.ImagesV1.Delete(ctx, s.link.ID)
}
