package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/cfimages/cfimages-go"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
	v7option "github.com/cloudflare/cloudflare-go/v7/option"
)

const imageID = "107b9558-dd06-4bbd-5fef-9c2c16bb7900"

// wholeCall measures the overhead of a call without the network.
func wholeCall(p plan, _ *server) (*table, error) {
	const base = "https://api.example.com/client/v4"
	httpClient := &http.Client{Transport: newStub()}
	client, err := newClient(base, cfimages.WithHTTPClient(httpClient))
	if err != nil {
		return nil, err
	}
	official := newV7(base, v7option.WithHTTPClient(httpClient))
	ours, theirs := ourGet(client), v7Get(official)
	j := job{
		contestants: []contestant{plainGet(httpClient, base), ours, theirs},
		rounds:      p.rounds,
		repeat:      p.pick(2000, 5),
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	t := newTable("A whole call on a stub transport: the details of one image", results, timeColumn, bytesColumn, objectsColumn)
	t.atLeast("a whole call on a stub transport, v7 ÷ ours",
		ratio(find(results, theirs).time, find(results, ours).time), 2.5, 4, "")
	t.bars = []bar{timeBar("Client overhead of a Get, no network", find(results, ours), find(results, theirs))}
	return t, nil
}

func plainGet(client *http.Client, base string) contestant {
	return contestant{name: "net/http, encoding/json", do: func(*probe) error {
		req, err := newGet(base)
		if err != nil {
			return err
		}
		_, err = exchange(client, req, decodeResult[jsonImage])
		return err
	}}
}

func newGet(base string) (*http.Request, error) {
	return http.NewRequest(http.MethodGet, base+"/accounts/"+account+"/images/v1/"+imageID, nil)
}

func ourGet(client *cfimages.Client) contestant {
	return contestant{name: "cfimages ImagesV1.Get", do: func(*probe) error {
		_, err := client.ImagesV1.Get(context.Background(), imageID)
		return err
	}}
}

func v7Get(client *v7.Client) contestant {
	return contestant{name: "cloudflare-go v7.9.0", do: func(*probe) error {
		_, err := client.Images.V1.Get(context.Background(), imageID, v7images.V1GetParams{AccountID: v7.F(account)})
		return err
	}}
}

// decodeResult reads an envelope with encoding/json.
func decodeResult[T any](body io.Reader) (T, error) {
	var envelope struct {
		Success bool `json:"success"`
		Result  T    `json:"result"`
	}
	err := json.NewDecoder(body).Decode(&envelope)
	return envelope.Result, err
}

// stub is a transport that responds to every request with one image.
type stub struct{ response []byte }

func newStub() stub { return stub{imageResponse()} }

// imageResponse is the response to a request for details.
func imageResponse() []byte {
	var image bytes.Buffer
	writeImage(&image, newRandom(), 0)
	return fmt.Appendf(nil, `{"errors":[],"messages":[],"result":%s,"success":true}`, image.Bytes())
}

func (s stub) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status:        "200 OK",
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(s.response)),
		ContentLength: int64(len(s.response)),
		Request:       req,
	}, nil
}
