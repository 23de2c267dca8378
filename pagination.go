package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/go-querystring/query"

	"github.com/cfimages/cfimages-go/internal/envelope"
	"github.com/cfimages/cfimages-go/internal/send"
)

// ImagePage is one page of a list.
type ImagePage struct {
	Images            []Image
	ContinuationToken string // of the next page; "" on the last page
}

// maxTokenBytes limits a continuation token, because a walk keeps all tokens:
// Cloudflare's OpenAPI document has 32 characters, and this leaves room to grow.
const maxTokenBytes = 1024

// maxPerPage is the largest page of the API, by Cloudflare's OpenAPI document.
const maxPerPage = 10000

// read fills the page from a response.
func (p *ImagePage) read(r *send.Response) error {
	*p = ImagePage{}
	return readPage(r,
		func(next string) { p.ContinuationToken = next },
		func(img *Image) error {
			p.Images = append(p.Images, *img)
			return nil
		})
}

// walk is one walk over the pages of a list.
type walk struct {
	service    *ImagesV2
	ctx        context.Context
	op         string
	params     url.Values      // encoded once; each page sets its token
	seen       map[string]bool // the tokens requested so far
	pages      int             // yielded in full
	images     int             // yielded
	left       bool            // the caller left the loop
	prefetched *prefetchedPage // nil: none
}

// walkPage is the current page of a walk.
type walkPage struct {
	token   string
	next    string // the token of the next page, once it was received
	read    int    // images of it that were read or skipped
	yielded int    // images of it that were yielded or skipped
}

// walkImages walks image by image until yield returns false.
func (s *ImagesV2) walkImages(ctx context.Context, params ListParams, yield func(*Image) bool) error {
	return s.walk(ctx, "ImagesV2.All", params, func(w *walk, p *walkPage) *send.Failure {
		return w.fetch(p, func(img *Image) error {
			p.yielded++
			if !yield(img) {
				w.left = true
				return send.ErrStop
			}
			w.images++
			w.prefetch(p.next)
			return nil
		})
	})
}

// walkPages walks page by page until yield returns false.
func (s *ImagesV2) walkPages(ctx context.Context, params ListParams, yield func(*ImagePage) bool) error {
	return s.walk(ctx, "ImagesV2.Pages", params, func(w *walk, p *walkPage) *send.Failure {
		page := new(ImagePage)
		failed := w.fetch(p, func(img *Image) error {
			page.Images = append(page.Images, *img)
			return nil
		})
		if failed == nil {
			page.ContinuationToken = p.next
			w.left = !yield(page)
		}
		return failed
	})
}

// walk requests page after page and passes them to take. Its error is a *PageError.
func (s *ImagesV2) walk(ctx context.Context, op string, params ListParams, take func(*walk, *walkPage) *send.Failure) error {
	p := &walkPage{token: params.ContinuationToken, read: params.Skip, yielded: params.Skip}
	if err := params.validate(); err != nil {
		return p.fail(err)
	}
	values, err := query.Values(params)
	if err != nil {
		return p.fail(fmt.Errorf("cfimages: %s: encode the parameters: %w", op, err))
	}
	w := &walk{service: s, ctx: ctx, op: op, params: values, seen: make(map[string]bool)}
	defer w.dropPrefetched()
	for {
		w.seen[p.token] = true
		failed := take(w, p)
		switch {
		case failed != nil:
			return p.fail(newError(failed))
		case w.left || p.next == "":
			return nil
		}
		p = &walkPage{token: p.next}
		if w.seen[p.token] {
			return p.fail(fmt.Errorf("cfimages: %s: %w: the list would never end", op, ErrTokenLoop))
		}
		w.pages++
	}
}

func (p *walkPage) fail(err error) *PageError {
	return &PageError{ContinuationToken: p.token, Yielded: p.yielded, Err: err}
}

// fetch reads the page, in as many attempts as it takes, and calls image with
// each image that was not read before.
func (w *walk) fetch(p *walkPage, image func(*Image) error) *send.Failure {
	o := w.open(p.token)
	defer o.cancel()
	if o.failed != nil {
		return o.failed
	}
	return o.exchange.Read(o.ctx, o.response, func(r *send.Response) error { return w.decode(o.ctx, p, r, image) })
}

// decode reads one response for the page.
func (w *walk) decode(ctx context.Context, p *walkPage, r *send.Response, image func(*Image) error) error {
	p.next = ""
	position := 0
	return readPage(r,
		func(next string) {
			p.next = next
			w.prefetch(next)
		},
		func(img *Image) error {
			if position++; position <= p.read {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.read++
			return image(img)
		})
}

// newExchange returns the exchange of the call for the page with the token.
func (w *walk) newExchange(token string) *send.Exchange {
	if token != "" {
		w.params.Set("continuation_token", token)
	}
	return w.service.sender.Start(listCall(w.op, w.params))
}

// readPage decodes the response to a list while it is received, and calls token and
// image with its contents. The image is valid until the next call.
func readPage(r *send.Response, token func(string), image func(*Image) error) error {
	dec := r.Decoder()
	return envelope.ReadResult(dec, func() error {
		listed := false
		err := envelope.ReadObject(dec, func(name []byte) error {
			switch string(name) {
			case "continuation_token":
				var next string
				if err := envelope.ReadString(dec, &next); err != nil {
					return err
				}
				if len(next) > maxTokenBytes {
					return fmt.Errorf("a continuation token of %d bytes", len(next))
				}
				token(next)
				return nil
			case "images":
				if listed {
					return errors.New("the response has two lists of images")
				}
				listed = true
				return readImages(r, image)
			}
			return dec.SkipValue()
		})
		if err == nil && !listed {
			return errors.New("the result has no list of images")
		}
		return err
	})
}

func readImages(r *send.Response, image func(*Image) error) error {
	var images imageDecoder
	var img Image
	n := 0
	return envelope.ReadArray(r.Decoder(), func() error {
		if n++; n > maxPerPage {
			return fmt.Errorf("%w: over %d images in a page", envelope.ErrTooMany, maxPerPage)
		}
		if err := images.decode(r.Decoder(), &img); err != nil {
			return err
		}
		r.Checkpoint()
		return image(&img)
	})
}
