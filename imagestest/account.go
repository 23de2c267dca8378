package imagestest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cfimages/cfimages-go"
)

// Account is an account of a server. Each account has its own images, signing keys and
// variants. It is safe for concurrent use.
type Account struct {
	server *Server
	id     string
	hash   string
	store  *store

	lastBatchToken atomic.Uint64

	keys     keyRing
	variants variantSet
}

// Account returns the account with the given ID. The first call with an ID creates the
// account, without images, tokens and signing keys.
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

// Hash returns the account hash, which identifies the account in delivery and upload
// URLs.
func (a *Account) Hash() string { return a.hash }

// Delivery returns a cfimages.Delivery that builds the URLs of the account's images on
// this server.
func (a *Account) Delivery() *cfimages.Delivery {
	delivery, err := cfimages.NewDelivery(a.hash)
	if err == nil {
		delivery, err = delivery.OnDomain(strings.TrimPrefix(a.server.origin, "https://"))
	}
	if err != nil {
		panic(fmt.Sprintf("imagestest: %v", err))
	}
	return delivery
}

// AddToken allows an API token to use the account. The same token may be added to
// several accounts, with a different scope in each.
func (a *Account) AddToken(token string, scope Scope) {
	a.server.grant(tokenCredential(token), a.id, scope)
}

// RemoveToken revokes an API token. Calls with it are rejected with 401, or with 403 if
// it may use another account. Batch tokens that were issued for it stay valid until
// they expire; that is a guess.
func (a *Account) RemoveToken(token string) {
	a.server.revoke(tokenCredential(token), a.id)
}

// AddKey allows an email address and API key to use the account, with [Write] scope.
func (a *Account) AddKey(email, key string) {
	a.server.grant(credential("key "+email+"\n"+key), a.id, Write)
}

// AddSigningKey adds a signing key to the account. Delivery URLs may be signed with any
// key of the account. The first key is named default, the others key-2, key-3 and so
// on. The default account starts with [SigningKey].
func (a *Account) AddSigningKey(key string) { a.keys.add(key) }

// AddImages stores images as if they had been uploaded. An image with Draft set is
// stored as a draft whose upload URL expires after 30 minutes.
//
// An image without an ID gets a generated ID. An image without an upload time gets the
// current time of the server's clock. An image without Meta gets {}. The Variants field
// is ignored: the server sets it. An image with the ID of a stored image replaces it.
//
// The uploaded file and the delivery of these images return a small generated picture.
// Upload an image instead if the test depends on its bytes.
//
// AddImages panics if Meta is not a JSON object of at most 1024 bytes.
func (a *Account) AddImages(images ...cfimages.Image) {
	a.Seed(len(images), func(i int) cfimages.Image { return images[i] })
}

// Seed stores n images. It calls build for each of them, from 0 to n-1, and stores the
// result as [Account.AddImages] does. A million images take a few seconds.
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

// Images returns the stored images, including drafts, oldest first.
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
