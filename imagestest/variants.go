package imagestest

import (
	"slices"
	"strconv"
	"sync"
)

// publicVariant is the variant that every account has and that cannot be deleted, from
// Cloudflare's developer documentation.
const publicVariant = "public"

// maxVariants is from Cloudflare's developer documentation.
const maxVariants = 100

// Limits of browser_ttl in seconds, and the initial value of an account, from Cloudflare's
// developer documentation.
const (
	minBrowserTTL     = 3600
	maxBrowserTTL     = 365 * 24 * 3600
	defaultBrowserTTL = 2 * 24 * 3600
)

// variant is a variant of an account.
type variant struct {
	id          string
	options     variantOptions
	neverSigned bool
}

// variantOptions describe how images are resized. The server only stores them.
type variantOptions struct {
	fit, metadata string
	width, height int
	browserTTL    int // in seconds; 0 means that of the account
	blur          int // 0 means none
}

// defaultOptions returns the options of a variant that a test configures. That the variant
// public has the same options is a guess.
func defaultOptions() variantOptions {
	return variantOptions{fit: "scale-down", metadata: "none", width: 1366, height: 768}
}

// variantSet contains the variants of an account in the order of their creation, and its
// settings. The list is replaced, never changed, so it can be read without the lock.
type variantSet struct {
	mu   sync.Mutex
	list []variant
	set  settings
}

// settings apply to all deliveries of an account.
type settings struct {
	flexible   bool // whether delivery URLs may contain options
	browserTTL int  // in seconds
}

// init creates the initial variants of an account.
func (vs *variantSet) init(given []Variant, flexible bool) {
	for _, v := range given {
		vs.list = append(vs.list, variant{id: v.Name, options: defaultOptions(), neverSigned: v.NeverRequireSignedURLs})
	}
	vs.set = settings{flexible: flexible, browserTTL: defaultBrowserTTL}
}

// all returns the current variants. The caller must not change the result.
func (vs *variantSet) all() []variant {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return vs.list
}

func (vs *variantSet) get(id string) (variant, bool) {
	list := vs.all()
	i := find(list, id)
	if i < 0 {
		return variant{}, false
	}
	return list[i], true
}

// create adds a variant. It fails if the name is taken or there are too many variants.
func (vs *variantSet) create(v variant) error {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	switch {
	case find(vs.list, v.id) >= 0:
		return variantTaken()
	case len(vs.list) >= maxVariants:
		return badRequest("Too many variants: maximum %d allowed", maxVariants)
	}
	vs.list = append(slices.Clone(vs.list), v)
	return nil
}

// update changes a variant and returns the result.
func (vs *variantSet) update(id string, change func(*variant)) (variant, bool) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	i := find(vs.list, id)
	if i < 0 {
		return variant{}, false
	}
	vs.list = slices.Clone(vs.list)
	change(&vs.list[i])
	return vs.list[i], true
}

// remove deletes a variant. It returns false if the name does not exist.
func (vs *variantSet) remove(id string) bool {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	i := find(vs.list, id)
	if i < 0 {
		return false
	}
	vs.list = slices.Delete(slices.Clone(vs.list), i, i+1)
	return true
}

// configure changes the settings and returns the result.
func (vs *variantSet) configure(change func(*settings)) settings {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	change(&vs.set)
	return vs.set
}

func (vs *variantSet) isFlexible() bool {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return vs.set.flexible
}

func find(list []variant, id string) int {
	return slices.IndexFunc(list, func(v variant) bool { return v.id == id })
}

// append appends the variant as JSON.
func (v *variant) append(dst []byte) []byte {
	dst = appendString(append(dst, `{"id":`...), v.id)
	dst = appendString(append(dst, `,"options":{"fit":`...), v.options.fit)
	dst = strconv.AppendInt(append(dst, `,"height":`...), int64(v.options.height), 10)
	dst = appendString(append(dst, `,"metadata":`...), v.options.metadata)
	dst = strconv.AppendInt(append(dst, `,"width":`...), int64(v.options.width), 10)
	if v.options.browserTTL != 0 {
		dst = strconv.AppendInt(append(dst, `,"browser_ttl":`...), int64(v.options.browserTTL), 10)
	}
	if v.options.blur != 0 {
		dst = strconv.AppendInt(append(dst, `,"blur":`...), int64(v.options.blur), 10)
	}
	dst = strconv.AppendBool(append(dst, `},"neverRequireSignedURLs":`...), v.neverSigned)
	return append(dst, '}')
}
