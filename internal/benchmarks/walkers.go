package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/cfimages/cfimages-go"
	v0 "github.com/cloudflare/cloudflare-go"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
	v7option "github.com/cloudflare/cloudflare-go/v7/option"
	goccy "github.com/goccy/go-json"
)

const token = "benchmark-token"

// rawWalk reads page after page and decodes only the tokens.
func rawWalk(client *http.Client, base string) contestant {
	start := make([]byte, 128) // of a page, up to its token
	return contestant{name: "raw read, discarded", blind: true, do: func(p *probe) error {
		return eachPage(client, base, func(body io.Reader) (string, error) {
			if _, err := io.ReadFull(body, start); err != nil {
				return "", err
			}
			p.image()
			_, after, _ := bytes.Cut(start, []byte(`"continuation_token":`))
			next, _, _ := bytes.Cut(after, []byte(`,`))
			_, err := io.Copy(io.Discard, body)
			if string(next) == "null" {
				return "", err
			}
			return string(bytes.Trim(next, `"`)), err
		})
	}}
}

// jsonPage is what encoding/json decodes a page into. Metadata stays raw, as in
// cfimages.
type jsonPage struct {
	Success bool `json:"success"`
	Result  struct {
		ContinuationToken string      `json:"continuation_token"`
		Images            []jsonImage `json:"images"`
	} `json:"result"`
}

type jsonImage struct {
	ID                string          `json:"id"`
	Creator           string          `json:"creator"`
	Filename          string          `json:"filename"`
	Meta              json.RawMessage `json:"meta"`
	RequireSignedURLs bool            `json:"requireSignedURLs"`
	Uploaded          time.Time       `json:"uploaded"`
	Variants          []string        `json:"variants"`
}

// jsonWalk is plain net/http and encoding/json.
func jsonWalk(base string) contestant {
	client := newHTTPClient()
	return contestant{name: "encoding/json", do: func(p *probe) error {
		return eachPage(client, base, func(body io.Reader) (string, error) {
			var page jsonPage
			if err := json.NewDecoder(body).Decode(&page); err != nil {
				return "", err
			}
			for range page.Result.Images {
				p.image()
			}
			return page.Result.ContinuationToken, nil
		})
	}}
}

// listWalk takes page after page with cfimages List.
func listWalk(client *cfimages.Client) contestant {
	return contestant{name: "cfimages List", do: func(p *probe) error {
		var params cfimages.ListParams
		for {
			page, err := client.ImagesV2.List(context.Background(), params)
			if err != nil {
				return err
			}
			for range page.Images {
				p.image()
			}
			if page.ContinuationToken == "" {
				return nil
			}
			params.ContinuationToken = page.ContinuationToken
		}
	}}
}

// allWalk ranges over cfimages All.
func allWalk(name string, client *cfimages.Client) contestant {
	return contestant{name: name, do: func(p *probe) error {
		for _, err := range client.ImagesV2.All(context.Background(), cfimages.ListParams{}) {
			if err != nil {
				return err
			}
			p.image()
		}
		return nil
	}}
}

// v7Walk takes page after page with the official SDK, which has no pager for
// this list.
func v7Walk(client *v7.Client) contestant {
	return contestant{name: "cloudflare-go v7.9.0", do: func(p *probe) error {
		params := v7images.V2ListParams{AccountID: v7.F(account)}
		for {
			page, err := client.Images.V2.List(context.Background(), params)
			if err != nil {
				return err
			}
			for range page.Images {
				p.image()
			}
			if page.ContinuationToken == "" {
				return nil
			}
			params.ContinuationToken = v7.F(page.ContinuationToken)
		}
	}}
}

// v0Decode decodes one page as the official SDK did before v1: read whole, then
// by goccy/go-json. That SDK does not know the V2 list.
func v0Decode(base string) contestant {
	client := newHTTPClient()
	return contestant{name: "cloudflare-go v0.119, decode", do: func(p *probe) error {
		return eachPage(client, base, func(body io.Reader) (string, error) {
			raw, err := io.ReadAll(body)
			if err != nil {
				return "", err
			}
			var page v0.ImagesListResponse
			if err := goccy.Unmarshal(raw, &page); err != nil {
				return "", err
			}
			for range page.Result.Images {
				p.image()
			}
			return "", nil
		})
	}}
}

// eachPage requests pages with plain net/http until read returns no next token.
func eachPage(client *http.Client, base string, read func(io.Reader) (next string, err error)) error {
	list := base + "/accounts/" + account + "/images/v2"
	for target := list; ; {
		req, err := http.NewRequest(http.MethodGet, target, nil)
		if err != nil {
			return err
		}
		next, err := exchange(client, req, read)
		if err != nil || next == "" {
			return err
		}
		target = list + "?continuation_token=" + url.QueryEscape(next)
	}
}

// exchange sends a request with plain net/http, and reads the response with read.
func exchange[T any](client *http.Client, req *http.Request, read func(io.Reader) (T, error)) (T, error) {
	var zero T
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return zero, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return zero, fmt.Errorf("the server responded %s", resp.Status)
	}
	value, err := read(resp.Body)
	if err != nil {
		return zero, err
	}
	_, err = io.Copy(io.Discard, resp.Body) // for the connection to be used again
	return value, err
}

// newHTTPClient returns a client with connections of its own.
func newHTTPClient() *http.Client { return &http.Client{Transport: newTransport()} }

func newTransport() *http.Transport { return http.DefaultTransport.(*http.Transport).Clone() }

func newClient(base string, opts ...cfimages.Option) (*cfimages.Client, error) {
	given := []cfimages.Option{
		cfimages.WithBaseURL(base), cfimages.WithAccountID(account), cfimages.WithAPIToken(token),
	}
	return cfimages.NewClient(append(given, opts...)...)
}

func newV7(base string, opts ...v7option.RequestOption) *v7.Client {
	given := []v7option.RequestOption{
		v7option.WithBaseURL(base + "/"), v7option.WithAPIToken(token), v7option.WithHTTPClient(newHTTPClient()),
	}
	return v7.NewClient(append(given, opts...)...)
}
