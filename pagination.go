package cfimages

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/go-querystring/query"
)

// ImagePage is one page of a list.
type ImagePage struct {
	Images            []Image
	ContinuationToken string // asks for the next page; "" on the last
}

// maxTokenBytes is how long a continuation token may be, which a walk remembers:
// Cloudflare's OpenAPI document says 32 characters, this leaves it room to grow.
const maxTokenBytes = 1024

// maxPerPage is the largest page of the API, by Cloudflare's OpenAPI document.
const maxPerPage = 10000

// errLeft ends the reading of a page whose consumer left the loop.
var errLeft = errors.New("the loop was left")

// readPage decodes the reply to a list, and calls token and image with what it
// holds as it arrives. The image is good until the next.
func readPage(r *reply, token func(string), image func(*Image) error) error {
	dec := r.decoder
	return readResult(dec, func() error {
		listed := false
		err := readObject(dec, func(name []byte) error {
			switch string(name) {
			case "continuation_token":
				var next string
				err := readString(dec, &next)
				if len(next) > maxTokenBytes {
					return fmt.Errorf("a continuation token of %d bytes", len(next))
				}
				token(next)
				return err
			case "images":
				if listed {
					return errors.New("the reply has two lists of images")
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

func readImages(r *reply, image func(*Image) error) error {
	var images imageDecoder
	var img Image
	n := 0
	return readArray(r.decoder, func() error {
		if n++; n > maxPerPage {
			return fmt.Errorf("%w: over %d images in a page", errTooMany, maxPerPage)
		}
		if err := images.decode(r.decoder, &img); err != nil {
			return err
		}
		r.body.Checkpoint()
		return image(&img)
	})
}

// read fills the page from a reply.
func (p *ImagePage) read(r *reply) error {
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
	service *ImagesV2
	ctx     context.Context
	op      string
	params  url.Values      // encoded once; each page sets its token
	seen    map[string]bool // the tokens asked for so far
	pages   int             // taken whole
	images  int             // taken
	reply   *reply          // being read
	ahead   *pageAhead
}

// walkPage is the page that a walk is at.
type walkPage struct {
	token   string
	next    string // the token it names, as soon as that has come
	read    int    // images of it read, or passed over
	yielded int    // images of it that the consumer has

	release context.CancelFunc // of the request, if it was sent ahead
}

// walkImages walks image by image until yield returns false.
func (s *ImagesV2) walkImages(ctx context.Context, params ListParams, yield func(*Image) bool) error {
	return s.walk(ctx, "ImagesV2.All", params, func(w *walk, p *walkPage) error {
		return w.read(p, func(img *Image) error {
			p.yielded++
			if !yield(img) {
				return errLeft
			}
			w.images++
			w.askAhead(p.next)
			return nil
		})
	})
}

// walkPages walks page by page until yield returns false.
func (s *ImagesV2) walkPages(ctx context.Context, params ListParams, yield func(*ImagePage) bool) error {
	return s.walk(ctx, "ImagesV2.Pages", params, func(w *walk, p *walkPage) error {
		page := new(ImagePage)
		err := w.read(p, func(img *Image) error {
			page.Images = append(page.Images, *img)
			return nil
		})
		if err != nil {
			return err
		}
		page.ContinuationToken = p.next
		if !yield(page) {
			return errLeft
		}
		return nil
	})
}

// walk takes page after page. Its error is a *PageError.
func (s *ImagesV2) walk(ctx context.Context, op string, params ListParams, take func(*walk, *walkPage) error) error {
	p := &walkPage{token: params.ContinuationToken, read: params.Skip, yielded: params.Skip}
	if err := params.validate(); err != nil {
		return p.fail(err)
	}
	values, err := query.Values(params)
	if err != nil {
		return p.fail(fmt.Errorf("cfimages: %s: encode the parameters: %w", op, err))
	}
	w := &walk{service: s, ctx: ctx, op: op, params: values, seen: make(map[string]bool)}
	defer w.close()
	for {
		w.seen[p.token] = true
		err := take(w, p)
		switch {
		case err == errLeft:
			return nil
		case err != nil:
			return p.fail(err)
		case p.next == "":
			return nil
		}
		p = &walkPage{token: p.next}
		if w.seen[p.token] {
			return p.fail(fmt.Errorf("cfimages: %s: %w: the walk would never end", op, ErrTokenLoop))
		}
		w.pages++
	}
}

func (p *walkPage) fail(err error) *PageError {
	return &PageError{ContinuationToken: p.token, Yielded: p.yielded, Err: err}
}

// read reads the page, in as many attempts as it takes, and calls image with
// each image that was not read before.
func (w *walk) read(p *walkPage, image func(*Image) error) error {
	x, r, err := w.open(p)
	if p.release != nil {
		defer p.release()
	}
	for err == nil {
		w.reply = r
		err = w.decode(p, r, image)
		w.reply = nil
		if err == errLeft {
			r.close()
			return err
		}
		failed := r.finish(err)
		if failed == nil {
			return nil
		}
		r, err = x.reopen(r.ctx, failed)
	}
	return err
}

// decode reads one reply for the page.
func (w *walk) decode(p *walkPage, r *reply, image func(*Image) error) error {
	p.next = ""
	position := 0
	return readPage(r,
		func(next string) {
			p.next = next
			w.askAhead(next)
		},
		func(img *Image) error {
			if position++; position <= p.read {
				return nil
			}
			if w.ctx.Err() != nil {
				return cancellation(w.ctx)
			}
			p.read++
			return image(img)
		})
}

// open asks for the page, unless that has been done ahead.
func (w *walk) open(p *walkPage) (*exchange, *reply, error) {
	if a := w.ahead; a != nil && a.token == p.token {
		w.ahead = nil
		<-a.done
		if !a.isOutdated() {
			p.release = a.cancel
			return a.exchange, a.reply, a.err
		}
		a.cancel()
	}
	w.dropAhead()
	x := w.exchange(p.token)
	r, err := x.open(w.ctx)
	return x, r, err
}

// exchange returns the sending of the call for the page with the token.
func (w *walk) exchange(token string) *exchange {
	if token != "" {
		w.params.Set("continuation_token", token)
	}
	return &exchange{sender: w.service.sender, call: listCall(w.op, w.params)}
}

// close ends all work of the walk, also when its consumer panicked.
func (w *walk) close() {
	w.dropAhead()
	if w.reply != nil {
		w.reply.close()
	}
}
