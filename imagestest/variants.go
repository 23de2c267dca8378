package imagestest

import (
	"slices"
	"strconv"
	"sync"
)

// publicVariant is the variant that every account has and that cannot be deleted,
// of Cloudflare's developer documentation.
const publicVariant = "public"

// maxVariants is of Cloudflare's developer documentation.
const maxVariants = 100

// Bounds of browser_ttl in seconds, and what an account begins with, of Cloudflare's
// developer documentation.
const (
	minBrowserTTL     = 3600
	maxBrowserTTL     = 365 * 24 * 3600
	defaultBrowserTTL = 2 * 24 * 3600
)

// variant is one of an account's variants.
type variant struct {
	id          string
	options     variantOptions
	neverSigned bool
}

// variantOptions say how images are resized. The server keeps them only.
type variantOptions struct {
	fit, metadata string
	width, height int
	browserTTL    int // in seconds; 0: the account's
	blur          int // 0: none
}

// defaultOptions returns the options of a variant that a test gives by its name
// only. That those of public are the same is a guess.
func defaultOptions() variantOptions {
	return variantOptions{fit: "scale-down", metadata: "none", width: 1366, height: 768}
}

// variantSet holds the variants of an account in the order in which they were made,
// and what applies to all deliveries. Its list is replaced, never changed, so that
// whoever reads it needs no lock for long.
type variantSet struct {
	mu   sync.Mutex
	list []variant
	set  settings
}

// settings apply to all deliveries of an account.
type settings struct {
	flexible   bool // options in a URL are a variant too
	browserTTL int  // in seconds
}

// init makes the variants that an account begins with.
func (vs *variantSet) init(given []Variant, flexible bool) {
	for _, v := range given {
		vs.list = append(vs.list, variant{id: v.Name, options: defaultOptions(), neverSigned: v.NeverRequireSignedURLs})
	}
	vs.set = settings{flexible: flexible, browserTTL: defaultBrowserTTL}
}

// all returns the variants as they are now. The result must not be changed.
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

// create adds a variant, if its name is free and there are not too many.
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

// update changes a variant, and returns it as it is then.
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

// remove deletes a variant, and reports false when there is none of that name.
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

// configure changes the settings, and returns them as they are then.
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
