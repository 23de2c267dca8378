package imagestest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cfimages/cfimages-go"
)

// Account is one of a server's accounts, with its own images. It is safe for
// concurrent use.
type Account struct {
	server *Server
	id     string
	hash   string
	store  *store

	lastBatchToken atomic.Uint64

	keys     keyRing
	variants variantSet
}

// Account returns the account of that ID. It is made, with no images, no
// tokens and no signing keys, when it is first asked for.
func (s *Server) Account(id string) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.accounts[id]; ok {
		return a
	}
	a := &Account{server: s, id: id, hash: accountHash(id), store: newStore()}
	a.variants.init(s.config.variants, s.flexible)
	s.accounts[id] = a
	s.hashes[a.hash] = a
	return a
}

// findAccount finds the account of an upload or delivery.
func (s *Server) findAccount(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.account = s.hashes[c.hash]
	return c.account != nil
}

// ID returns the account's ID.
func (a *Account) ID() string { return a.id }

// Hash returns the name of the account in delivery and upload URLs.
func (a *Account) Hash() string { return a.hash }

// AddToken lets an API token use the account. A token may be added to several
// accounts, with a scope of its own in each.
func (a *Account) AddToken(token string, scope Scope) {
	a.server.grant(credential("token "+token), a.id, scope)
}

// AddKey lets an e-mail address and API key use the account, with all rights.
func (a *Account) AddKey(email, key string) {
	a.server.grant(credential("key "+email+"\n"+key), a.id, Write)
}

// AddSigningKey makes the account's delivery URLs accept signatures under key
// too. The first key of an account is named default, the others key-2, key-3 and
// so on. The account named by AccountID has SigningKey from the start.
func (a *Account) AddSigningKey(key string) { a.keys.add(key) }

// AddImages stores images as if they had been uploaded, or as drafts with an
// upload link of 30 minutes when Draft is set. An image without an ID gets a
// generated one, an image without a time the present one; Variants are always
// those of the server. An image with the ID of another replaces it. Its
// original and delivery show a small generated picture: an image whose bytes
// matter to a test is uploaded.
//
// AddImages panics when Meta is not a JSON object of at most 1024 bytes: the
// test that says so is wrong.
func (a *Account) AddImages(images ...cfimages.Image) {
	a.Seed(len(images), func(i int) cfimages.Image { return images[i] })
}

// Seed stores n images, as AddImages does, which build makes one at a time:
// a million of them take a few seconds.
func (a *Account) Seed(n int, build func(i int) cfimages.Image) {
	for i := range n {
		rec, err := a.record(build(i))
		if err != nil {
			panic(fmt.Sprintf("imagestest: image %d: Meta: %v", i, err))
		}
		if rec.draft {
			now := a.server.clock.Now()
			a.store.remove(rec.id)
			a.store.addLink(rec, now.Add(defaultExpiry), now)
		} else {
			a.store.put(rec)
		}
	}
}

// Images returns what is stored, drafts included, oldest first.
func (a *Account) Images() []cfimages.Image {
	records := a.store.all()
	r := a.renderer(a.server.origin)
	images := make([]cfimages.Image, len(records))
	for i, rec := range records {
		images[i] = r.image(rec)
	}
	return images
}

func (a *Account) record(img cfimages.Image) (*record, error) {
	metadata, err := compactMetadata(img.Meta)
	if err != nil {
		return nil, err
	}
	rec := &record{
		id:       img.ID,
		creator:  img.Creator,
		filename: strings.ToValidUTF8(img.Filename, "\uFFFD"),
		metadata: metadata,
		signed:   img.RequireSignedURLs,
		draft:    img.Draft,
	}
	if rec.id == "" {
		rec.id = a.newID()
	}
	if img.Uploaded.IsZero() {
		img.Uploaded = a.server.clock.Now()
	}
	rec.at.milli = img.Uploaded.UnixMilli()
	return rec, nil
}

// newRecord returns an image that is created now. Without an ID it gets a
// generated one.
func (a *Account) newRecord(p imageParams, now time.Time) *record {
	if p.id == "" {
		p.id = a.newID()
	}
	return &record{
		id:       p.id,
		creator:  p.creator,
		metadata: p.metadata,
		signed:   p.signed,
		at:       position{milli: now.UnixMilli()},
	}
}

// newID returns the next generated ID that is free.
func (a *Account) newID() string {
	for {
		id := uuid(a.server.lastID.Add(1))
		if a.store.get(id) == nil {
			return id
		}
	}
}
