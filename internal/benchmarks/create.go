package main

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/cfimages/cfimages-go"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
)

// createUpload is a small form over loopback.
func createUpload(p plan, s *server) (*table, error) {
	base := s.walk(1)
	client, err := newClient(base)
	if err != nil {
		return nil, err
	}
	plain, ours := plainCreate(newHTTPClient(), base), ourCreate(client)
	j := job{
		contestants: []contestant{plain, ours, v7Create(newV7(base))},
		rounds:      p.rounds,
		repeat:      p.pick(300, 2),
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	t := newTable("Creating a direct upload, over loopback", results, timeColumn, cpuColumn, bytesColumn, objectsColumn)
	t.atMost("create a direct upload, ours ÷ plain net/http with a hand-built form",
		ratio(find(results, ours).time, find(results, plain).time), 1.4, 1.1, "")
	return t, nil
}

func newMetadata() map[string]string {
	return map[string]string{"status": "pending", "region": "eu-west"}
}

func plainCreate(client *http.Client, base string) contestant {
	metadata := newMetadata()
	return contestant{name: "net/http, form built by hand", do: func(*probe) error {
		req, err := newCreateRequest(base, metadata)
		if err != nil {
			return err
		}
		_, err = exchange(client, req, decodeResult[cfimages.DirectUpload])
		return err
	}}
}

func ourCreate(client *cfimages.Client) contestant {
	metadata := newMetadata()
	return contestant{name: "cfimages DirectUploads.Create", do: func(*probe) error {
		_, err := client.DirectUploads.Create(context.Background(), cfimages.DirectUploadParams{
			Creator:   "alice",
			ExpiresIn: time.Hour,
			Metadata:  metadata,
		})
		return err
	}}
}

// v7Create sends the metadata as two fields: that is how v7.9.0 does it.
func v7Create(client *v7.Client) contestant {
	metadata := newMetadata()
	return contestant{name: "cloudflare-go v7.9.0", do: func(*probe) error {
		_, err := client.Images.V2.DirectUploads.New(context.Background(), v7images.V2DirectUploadNewParams{
			AccountID: v7.F(account),
			Creator:   v7.F("alice"),
			Expiry:    v7.F(time.Now().Add(time.Hour)),
			Metadata:  v7.F[any](metadata),
		})
		return err
	}}
}

// newCreateRequest builds the form field by field.
func newCreateRequest(base string, metadata map[string]string) (*http.Request, error) {
	text, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{
		{"creator", "alice"},
		{"expiry", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)},
		{"metadata", string(text)},
	} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, base+"/accounts/"+account+"/images/v2/direct_upload", &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	return req, nil
}
