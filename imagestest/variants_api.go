package imagestest

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxVariantID is the maximum length in characters, from Cloudflare's OpenAPI document.
const maxVariantID = 99

// listVariants handles Variants.List.
func (s *Server) listVariants(c *call) (response, error) {
	result := []byte(`{"variants":{`)
	for i, v := range c.account.variants.all() {
		if i > 0 {
			result = append(result, ',')
		}
		result = v.append(append(appendString(result, v.id), ':'))
	}
	return success(append(result, "}}"...)), nil
}

// getVariant handles Variants.Get.
func (s *Server) getVariant(c *call) (response, error) {
	v, ok := c.account.variants.get(c.name)
	if !ok {
		return response{}, variantNotFound()
	}
	return variantResponse(v), nil
}

// createVariant handles Variants.Create.
func (s *Server) createVariant(c *call) (response, error) {
	body, err := s.parseBody(c, "id", "options", "neverRequireSignedURLs")
	if err != nil {
		return response{}, err
	}
	var v variant
	if err := body.setString("id", &v.id); err != nil {
		return response{}, err
	}
	if err := checkVariantID(v.id); err != nil {
		return response{}, err
	}
	if v.options, err = s.parseVariantOptions(body["options"]); err != nil {
		return response{}, err
	}
	if err := body.setBool("neverRequireSignedURLs", &v.neverSigned); err != nil {
		return response{}, err
	}
	if err := c.account.variants.create(v); err != nil {
		return response{}, err
	}
	return variantResponse(v), nil
}

// updateVariant handles Variants.Update. Guesses: the options are replaced as a whole, and
// neverRequireSignedURLs is not changed if it is absent.
func (s *Server) updateVariant(c *call) (response, error) {
	body, err := s.parseBody(c, "options", "neverRequireSignedURLs")
	if err != nil {
		return response{}, err
	}
	options, err := s.parseVariantOptions(body["options"])
	if err != nil {
		return response{}, err
	}
	var given variant
	if err := body.setBool("neverRequireSignedURLs", &given.neverSigned); err != nil {
		return response{}, err
	}
	v, ok := c.account.variants.update(c.name, func(v *variant) {
		v.options = options
		if _, ok := body["neverRequireSignedURLs"]; ok {
			v.neverSigned = given.neverSigned
		}
	})
	if !ok {
		return response{}, variantNotFound()
	}
	return variantResponse(v), nil
}

// deleteVariant handles Variants.Delete.
func (s *Server) deleteVariant(c *call) (response, error) {
	if c.name == publicVariant {
		return response{}, badRequest("The variant public cannot be deleted")
	}
	if !c.account.variants.remove(c.name) {
		return response{}, variantNotFound()
	}
	return success([]byte("{}")), nil
}

// configure handles Variants.SetFlexible. The TTL is only stored and returned. Nothing is
// published about the result or the limits of the TTL, so they are guesses. The limits are
// those of a variant.
func (s *Server) configure(c *call) (response, error) {
	body, err := s.parseBody(c, "flexible_variants", "browser_ttl")
	if err != nil {
		return response{}, err
	}
	var given settings
	err = cmp.Or(
		body.setBool("flexible_variants", &given.flexible),
		body.setWhole("browser_ttl", &given.browserTTL, minBrowserTTL, maxBrowserTTL),
	)
	if err != nil {
		return response{}, err
	}
	now := c.account.variants.configure(func(set *settings) {
		if _, ok := body["flexible_variants"]; ok {
			set.flexible = given.flexible
		}
		if _, ok := body["browser_ttl"]; ok {
			set.browserTTL = given.browserTTL
		}
	})
	result := strconv.AppendBool([]byte(`{"flexible_variants":`), now.flexible)
	result = strconv.AppendInt(append(result, `,"browser_ttl":`...), int64(now.browserTTL), 10)
	return success(append(result, '}')), nil
}

// parseVariantOptions parses the options of a variant. Guesses: the name blur for the option
// that the developer documentation describes, its limits, which are those of a delivery
// URL, and the maximum size.
func (s *Server) parseVariantOptions(text jsontext.Value) (variantOptions, error) {
	var o variantOptions
	if text == nil {
		return o, badRequest("Missing options")
	}
	m, err := s.parseMembers("options", text, "fit", "height", "width", "metadata", "browser_ttl", "blur")
	if err != nil {
		return o, err
	}
	for _, name := range []string{"fit", "height", "width", "metadata"} {
		if _, ok := m[name]; !ok {
			return o, badRequest("Missing option '%s'", name)
		}
	}
	err = cmp.Or(
		m.setOneOf("fit", &o.fit, "scale-down", "contain", "cover", "crop", "pad"),
		m.setOneOf("metadata", &o.metadata, "keep", "copyright", "none"),
		m.setWhole("width", &o.width, 1, math.MaxInt32),
		m.setWhole("height", &o.height, 1, math.MaxInt32),
		m.setWhole("browser_ttl", &o.browserTTL, minBrowserTTL, maxBrowserTTL),
		m.setWhole("blur", &o.blur, 1, maxBlur),
	)
	return o, err
}

// setOneOf sets dst to a member that must be one of the given strings.
func (m members) setOneOf(name string, dst *string, allowed ...string) error {
	if err := m.setString(name, dst); err != nil {
		return err
	}
	if !slices.Contains(allowed, *dst) {
		return badRequest("Invalid %s: expected one of %s", name, strings.Join(allowed, ", "))
	}
	return nil
}

// checkVariantID rejects a name that cannot be the last segment of a delivery URL, or that
// would be parsed as options. Nothing is documented about the characters, so this is a guess.
func checkVariantID(id string) error {
	switch n := utf8.RuneCountInString(id); {
	case id == "":
		return badRequest("Missing variant id")
	case n > maxVariantID:
		return badRequest("Variant id too long: %d characters provided, maximum %d allowed", n, maxVariantID)
	case id == "." || id == ".." || strings.ContainsAny(id, "/=") || strings.ContainsFunc(id, unicode.IsControl):
		return badRequest("Invalid variant id: '%s'", id)
	}
	return nil
}

func variantResponse(v variant) response {
	return success(append(v.append([]byte(`{"variant":`)), '}'))
}

// variantTaken returns the error for a name that is taken. Its status and code are guesses.
func variantTaken() *rejection {
	return reject(http.StatusConflict, codeConflict, "Variant with that id already exists")
}

func variantNotFound() *rejection {
	return reject(http.StatusNotFound, codeNotFound, "Variant not found")
}
