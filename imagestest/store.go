package imagestest

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// record is a stored image or draft. It never changes once it is stored, except for the
// deleted field, which is guarded by the mutex of the store.
type record struct {
	id, creator, filename string
	metadata              string // compact JSON
	scalars               []scalar
	at                    position
	file                  *file // nil for an image stored with AddImages
	signed                bool
	draft                 bool
	deleted               bool
}

// file is an uploaded file.
type file struct {
	bytes       []byte
	contentType string
	etag        string
}

// position is a place in upload order. It belongs to one image permanently, so a
// continuation token stays valid while images are added and deleted.
type position struct {
	milli    int64 // time of upload, in milliseconds since 1970
	sequence uint64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.milli, q.milli), cmp.Compare(p.sequence, q.sequence))
}

func (p position) time() time.Time { return time.UnixMilli(p.milli).UTC() }

// link is a one-time upload link. That its draft exists until the link is used, even after
// it expires, is a guess.
type link struct {
	draft   *record
	expires time.Time
	used    bool
}

// store contains the images of an account.
type store struct {
	mu       sync.RWMutex
	images   map[string]*record
	links    map[string]*link
	order    []*record // images by position, including deleted ones
	deleted  int       // number of deleted images in order
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

// put stores an image. It replaces an image or draft with the same ID.
func (st *store) put(rec *record) {
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.links, rec.id)
	st.insert(rec)
}

// add stores an image and returns false if its ID is taken. That the ID of a draft with an
// expired link is free is a guess.
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

// replace replaces an image with a changed one, which may have another ID and keeps the
// position. It returns false if the image has changed in the meantime.
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

// get returns the image or draft with the ID, or nil.
func (st *store) get(id string) *record {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.find(id)
}

// remove deletes the image or draft with the ID. It returns false if there is none.
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

// addLink stores a draft and its upload link. It returns false if the ID is used by an
// image, or by a draft whose link is valid.
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

// link returns a copy of the upload link with the ID.
func (st *store) link(id string) (link, bool) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if l, ok := st.links[id]; ok {
		return *l, true
	}
	return link{}, false
}

// complete converts the draft of a link to an image. It returns nil if the link no longer
// exists or was used by another upload.
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

// taken reports whether an ID is used by an image, or by a draft whose link is valid.
func (st *store) taken(id string, now time.Time) bool {
	if _, ok := st.images[id]; ok {
		return true
	}
	l, ok := st.links[id]
	return ok && !l.used && now.Before(l.expires)
}

// number assigns the next position among the records of the same time.
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

// drop deletes an image. Its record stays in order until half of order is deleted, because
// removing records one by one takes hours for a million images.
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

// search returns the index of a position in order, or where it would be inserted.
func (st *store) search(p position) (index int, found bool) {
	return slices.BinarySearchFunc(st.order, p, func(rec *record, p position) int { return rec.at.compare(p) })
}
