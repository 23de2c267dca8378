package main

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"os"

	"github.com/cfimages/cfimages-go"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
)

const uploadBytes = 10_000_000

// uploadFile sends a file of 10 MB, which is in the page cache, over loopback.
func uploadFile(p plan, s *server) (*table, error) {
	name, err := newUploadFile()
	if err != nil {
		return nil, err
	}
	defer os.Remove(name)
	base := s.walk(1)
	client, err := newClient(base)
	if err != nil {
		return nil, err
	}
	raw := rawPost(newHTTPClient(), s.uploadURL(), name, func(f *os.File) io.Reader { return f }).named("raw POST of the file")
	copied := rawPost(newHTTPClient(), s.uploadURL(), name, func(f *os.File) io.Reader { return struct{ io.Reader }{f} }).named("raw POST, not by the kernel")
	oneTime, ours := uploaderPost(s.uploadURL(), name), ourUpload(client, name)
	official := v7Upload(newV7(base), name)
	j := job{
		contestants: []contestant{raw, copied, oneTime, ours, formPost(s.uploadURL(), name), official},
		rounds:      p.rounds,
		repeat:      p.pick(10, 1),
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	t := newTable("Uploading 10 MB from a file", results, timeColumn, cpuColumn, bytesColumn, objectsColumn)
	wire, sent, uploaded := find(results, raw), find(results, oneTime), find(results, ours)
	t.atLeast("10 MB upload, ours ÷ raw POST of the file (throughput)", ratio(wire.time, sent.time), 0.80, 0.90, "")
	t.atMost("10 MB upload, bytes allocated", sent.bytes/1e3, 256, 96, "KB")
	t.atLeast("10 MB through `ImagesV1.Upload`, ours ÷ raw POST of the file (throughput)", ratio(wire.time, uploaded.time), 0.80, 0.90, "")
	t.atLeast("10 MB through `ImagesV1.Upload`, ours ÷ raw POST, not by the kernel (throughput)",
		ratio(find(results, copied).time, uploaded.time), 0.80, 0.90, "")
	t.atMost("10 MB through `ImagesV1.Upload`, bytes allocated", uploaded.bytes/1e3, 256, 96, "KB")
	t.bars = []bar{timeBar("Upload a file of 10 MB", uploaded, find(results, official))}
	return t, nil
}

func newUploadFile() (name string, err error) {
	file, err := os.CreateTemp("", "cfimages-benchmark-*.bin")
	if err != nil {
		return "", err
	}
	_, err = file.Write(make([]byte, uploadBytes))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return file.Name(), err
}

// sendFile returns a contestant that opens the file each time, and sends it.
func sendFile(contestantName, fileName string, send func(*os.File) error) contestant {
	return contestant{name: contestantName, do: func(*probe) error {
		file, err := os.Open(fileName)
		if err != nil {
			return err
		}
		defer file.Close()
		return send(file)
	}}
}

// rawPost sends the file as the body itself. Over plain HTTP, the kernel sends a file as it
// is without a copy (sendfile). Wrapped, it is read and written, as every form must be.
func rawPost(client *http.Client, url, name string, body func(*os.File) io.Reader) contestant {
	return sendFile("raw POST", name, func(file *os.File) error {
		req, err := http.NewRequest(http.MethodPost, url, body(file))
		if err != nil {
			return err
		}
		req.ContentLength = uploadBytes
		_, err = exchange(client, req, decodeResult[jsonImage])
		return err
	})
}

func uploaderPost(url, name string) contestant {
	uploader := &cfimages.Uploader{HTTPClient: newHTTPClient()}
	return sendFile("cfimages Uploader.Upload", name, func(file *os.File) error {
		_, err := uploader.Upload(context.Background(), url, cfimages.File{Name: "photo.jpg", Body: file})
		return err
	})
}

func ourUpload(client *cfimages.Client, name string) contestant {
	return sendFile("cfimages ImagesV1.Upload", name, func(file *os.File) error {
		_, err := client.ImagesV1.Upload(context.Background(), cfimages.File{Name: "photo.jpg", Body: file}, cfimages.UploadParams{})
		return err
	})
}

// formPost builds the whole form in memory, with net/http alone.
func formPost(url, name string) contestant {
	client := newHTTPClient()
	return sendFile("whole form in memory", name, func(file *os.File) error {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("file", "photo.jpg")
		if err != nil {
			return err
		}
		if _, err := io.Copy(part, file); err != nil {
			return err
		}
		if err := form.Close(); err != nil {
			return err
		}
		req, err := http.NewRequest(http.MethodPost, url, &body)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		_, err = exchange(client, req, decodeResult[jsonImage])
		return err
	})
}

// v7Upload builds the whole form in memory: that is how v7.9.0 does it.
func v7Upload(client *v7.Client, name string) contestant {
	return sendFile("cloudflare-go v7.9.0", name, func(file *os.File) error {
		_, err := client.Images.V1.New(context.Background(), v7images.V1NewParams{
			AccountID: v7.F(account),
			File:      v7.FileParam(file, "photo.jpg", "application/octet-stream"),
		})
		return err
	})
}
