package imagestest

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// record is one image or draft as it is stored. It never changes once it is
// in the store, but for deleted, which the store's mutex guards.
type record struct {
	id, creator, filename string
	metadata              string // compact JSON
	scalars               []scalar
	at                    position
	file                  *file // nil for an image that was not uploaded but added
	signed                bool
	draft                 bool
	deleted               bool
}

// file is what was uploaded.
type file struct {
	bytes       []byte
	contentType string
	etag        string
}

// position is a place in upload order. It belongs to one image for ever, so
// that a walk which remembers one stays right while images come and go.
type position struct {
	milli    int64 // time of upload, in milliseconds since 1970
	sequence uint64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.milli, q.milli), cmp.Compare(p.sequence, q.sequence))
}

func (p position) time() time.Time { return time.UnixMilli(p.milli).UTC() }

// link is a one-time upload link. The draft that it was made with exists until
// the link is used, even past its expiry: a guess.
type link struct {
	draft   *record
	expires time.Time
	used    bool
}

// store holds the images of one account.
type store struct {
	mu       sync.RWMutex
	images   map[string]*record
	links    map[string]*link
	order    []*record // images by position, the deleted ones among them
	deleted  int       // how many of order are deleted
	sequence uint64
	fields   fieldIndex
}

func newStore() *store {
	return &store{
		images: make(map[string]*record),
		links:  make(map[string]*link),
		fields: fieldIndex{numbers: make(map[string]uint32)},
	}
}

// put stores an image, in place of an image or draft that has the same ID.
func (st *store) put(rec *record) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.links, rec.id)
	st.insert(rec)
}

// add stores an image unless its ID is taken, and reports whether it did. The ID of
// a draft whose link has expired is free: a guess.
func (st *store) add(rec *record, now time.Time) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.taken(rec.id, now) {
		return false
	}
	delete(st.links, rec.id)
	st.insert(rec)
	return true
}

// replace puts a changed image, with its ID or another, in the place of what it
// was. It reports false, and does nothing, when the image has changed since.
func (st *store) replace(old, changed *record) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.images[old.id] != old {
		return false
	}
	delete(st.images, old.id)
	changed.scalars = st.fields.scalars(changed.metadata)
	st.images[changed.id] = changed
	i, _ := st.search(old.at)
	st.order[i] = changed
	return true
}

// count returns the number of images, without drafts.
func (st *store) count() int {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return len(st.images)
}

// get returns the image or draft of that ID, or nil.
func (st *store) get(id string) *record {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.find(id)
}

// remove deletes the image or draft of that ID and reports whether there was one.
func (st *store) remove(id string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.drop(id) {
		return true
	}
	if l, ok := st.links[id]; ok && !l.used {
		delete(st.links, id)
		return true
	}
	return false
}

// addLink stores a draft and its upload link. It reports false when the ID is
// that of an image, or of a draft whose link still works.
func (st *store) addLink(draft *record, expires, now time.Time) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.taken(draft.id, now) {
		return false
	}
	st.number(draft)
	st.links[draft.id] = &link{draft: draft, expires: expires}
	return true
}

// link returns a copy of the upload link of that ID.
func (st *store) link(id string) (link, bool) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if l, ok := st.links[id]; ok {
		return *l, true
	}
	return link{}, false
}

// complete turns the draft of a link into an image. It returns nil when the
// link is gone, or another upload has used it.
func (st *store) complete(id, filename string, f *file, now time.Time) *record {
	st.mu.Lock()
	defer st.mu.Unlock()
	l, ok := st.links[id]
	if !ok || l.used {
		return nil
	}
	l.used = true
	rec := *l.draft
	rec.draft, rec.filename, rec.file = false, filename, f
	rec.at.milli = now.UnixMilli()
	st.insert(&rec)
	return &rec
}

// all returns the images and drafts, oldest first.
func (st *store) all() []*record {
	st.mu.RLock()
	defer st.mu.RUnlock()
	records := make([]*record, 0, len(st.images))
	for _, rec := range st.order {
		if !rec.deleted {
			records = append(records, rec)
		}
	}
	for _, l := range st.links {
		if !l.used {
			records = append(records, l.draft)
		}
	}
	slices.SortFunc(records, func(a, b *record) int { return a.at.compare(b.at) })
	return records
}

func (st *store) find(id string) *record {
	if rec, ok := st.images[id]; ok {
		return rec
	}
	if l, ok := st.links[id]; ok && !l.used {
		return l.draft
	}
	return nil
}

// taken reports whether an ID is that of an image, or of a draft whose link works.
func (st *store) taken(id string, now time.Time) bool {
	if _, ok := st.images[id]; ok {
		return true
	}
	l, ok := st.links[id]
	return ok && !l.used && now.Before(l.expires)
}

// number gives a record the next place among those of the same time.
func (st *store) number(rec *record) {
	st.sequence++
	rec.at.sequence = st.sequence
}

func (st *store) insert(rec *record) {
	st.drop(rec.id)
	st.number(rec)
	rec.scalars = st.fields.scalars(rec.metadata)
	st.images[rec.id] = rec
	if n := len(st.order); n == 0 || st.order[n-1].at.compare(rec.at) < 0 {
		st.order = append(st.order, rec)
		return
	}
	i, _ := st.search(rec.at)
	st.order = slices.Insert(st.order, i, rec)
}

// drop deletes an image. Its record stays in order until half of order is
// deleted: one by one, a million deletions would take hours.
func (st *store) drop(id string) bool {
	rec, ok := st.images[id]
	if !ok {
		return false
	}
	delete(st.images, id)
	rec.deleted = true
	st.deleted++
	if st.deleted > len(st.order)/2 {
		st.order = slices.DeleteFunc(st.order, func(r *record) bool { return r.deleted })
		st.deleted = 0
	}
	return true
}

// search returns where in order a position is, or would be.
func (st *store) search(p position) (index int, found bool) {
	return slices.BinarySearchFunc(st.order, p, func(rec *record, p position) int { return rec.at.compare(p) })
}
