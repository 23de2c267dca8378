package cfimages

import (
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of metadata filters, from Cloudflare's API reference.
const (
	MaxMetaFilters    = 5  // conditions in a request; a range with two bounds is two conditions
	MaxMetaDepth      = 5  // names in the path of a field
	MaxMetaListValues = 10 // values of In or InUntyped
)

// maxMetaFieldLength is in characters, dots included; from Cloudflare's
// developer documentation.
const maxMetaFieldLength = 100

// Number is the constraint for types that are sent as numbers. Integers are sent
// exactly. Floats are sent in the shortest form that represents their value, without an
// exponent.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64
}

// MetaFilter selects the images whose metadata meets all of its conditions. [Where]
// creates one. The zero value selects every image. A MetaFilter is immutable and safe
// for concurrent use.
//
// It implements the Encoder interface of github.com/google/go-querystring/query. Each
// condition is sent as one query parameter, meta.<field>[<operator>]=<value>.
type MetaFilter struct {
	conditions []Condition
}

// Condition is one condition on one metadata field. [Eq], [In], [Gt], [Gte], [Lt],
// [Lte], [EqUntyped] and [InUntyped] create conditions. A Condition is immutable. The
// zero Condition is invalid.
//
// A field is given by its path in the metadata, with dots between the names: "status",
// "region.name". Names consist of ASCII letters, digits and underscores. A path has at
// most [MaxMetaDepth] names (Cloudflare's API reference) and 100 characters (its
// developer documentation).
//
// A string may be any valid UTF-8, also the empty string. In the lists of [In] and
// [InUntyped], it must not contain a pipe (|). Numbers must be finite.
//
// An invalid condition is reported by [MetaFilter.Validate], and by every call that
// uses the filter, before a request is sent.
type Condition struct {
	field    string
	operator string
	value    string  // as sent
	faults   []error // what Validate reports of this condition alone
}

// Where returns a filter that selects the images that meet all conditions. It takes at
// most [MaxMetaFilters] conditions. A field may have several conditions, but only one
// for each operator.
func Where(conditions ...Condition) MetaFilter {
	return MetaFilter{conditions: append([]Condition(nil), conditions...)}
}

// Eq selects images whose field equals value. It is sent as
//
//	meta.<field>[eq:string]=<value>
//
// or with eq:number or eq:boolean, by the type of value (Cloudflare's API
// reference). A string may be any valid UTF-8, also the empty string.
func Eq[T ~string | ~bool | Number](field string, value T) Condition {
	return newCondition(field, "eq:"+typeName[T](), wireText(value))
}

// In selects images whose field equals any of the values. It is sent as
//
//	meta.<field>[in:string]=<value>|<value>
//
// or with in:number, by the type of the values (Cloudflare's API reference).
// There must be 1 to [MaxMetaListValues] values. A string may be any valid UTF-8 without a
// pipe (|), which separates the values.
func In[T ~string | Number](field string, values ...T) Condition {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = wireText(value)
	}
	return newListCondition(field, "in:"+typeName[T](), texts)
}

// Gt selects images whose field is a number greater than value. It is sent as
// meta.<field>[gt:number]=<value> (Cloudflare's OpenAPI document).
func Gt[T Number](field string, value T) Condition {
	return newCondition(field, "gt:number", wireText(value))
}

// Gte selects images whose field is a number greater than or equal to value. It
// is sent as meta.<field>[gte:number]=<value> (Cloudflare's OpenAPI document).
func Gte[T Number](field string, value T) Condition {
	return newCondition(field, "gte:number", wireText(value))
}

// Lt selects images whose field is a number less than value. It is sent as
// meta.<field>[lt:number]=<value> (Cloudflare's OpenAPI document).
func Lt[T Number](field string, value T) Condition {
	return newCondition(field, "lt:number", wireText(value))
}

// Lte selects images whose field is a number less than or equal to value. It is
// sent as meta.<field>[lte:number]=<value> (Cloudflare's OpenAPI document).
func Lte[T Number](field string, value T) Condition {
	return newCondition(field, "lte:number", wireText(value))
}

// EqUntyped selects images whose field equals value. Cloudflare chooses whether value
// is compared as a string, a number or a boolean. It is sent as
// meta.<field>[eq]=<value> (Cloudflare's API reference). The rules of that choice are
// not documented: use [Eq] if the type is known.
func EqUntyped(field, value string) Condition {
	return newCondition(field, "eq", value)
}

// InUntyped selects images whose field equals any of the values. Cloudflare chooses the
// type of each value. It is sent as meta.<field>[in]=<value>|<value> (Cloudflare's API
// reference). There must be 1 to [MaxMetaListValues] values, none of which contains a
// pipe. The rules of that choice are not documented: use [In] if the type is known.
func InUntyped(field string, values ...string) Condition {
	return newListCondition(field, "in", values)
}

// IsZero reports whether the filter has no conditions.
func (f MetaFilter) IsZero() bool { return len(f.conditions) == 0 }

// Validate returns nil if the filter is valid. Otherwise it returns a [*ParamError] for
// each violation, joined, in the order of the conditions.
func (f MetaFilter) Validate() error {
	var errs []error
	if n := len(f.conditions); n > MaxMetaFilters {
		errs = append(errs, metaErrorf("has %d conditions, at most %d are allowed in one request: leave out %d",
			n, MaxMetaFilters, n-MaxMetaFilters))
	}
	type parameter struct{ field, operator string }
	first := make(map[parameter]int)
	for i, c := range f.conditions {
		if c.operator == "" {
			errs = append(errs, metaErrorf("condition %d is a zero Condition: create it with Eq, In, Gt or a similar function", i+1))
			continue
		}
		errs = append(errs, c.faults...)
		p := parameter{c.field, c.operator}
		if before, ok := first[p]; ok {
			errs = append(errs, metaErrorf("field %.100q has the operator %s twice, in conditions %d and %d, and one would silently replace the other: keep one",
				c.field, c.operator, before+1, i+1))
			continue
		}
		first[p] = i
	}
	return errors.Join(errs...)
}

// EncodeValues sets one parameter in v for each condition. key is the prefix of their
// names, "meta" in Cloudflare's API. If the filter is invalid, EncodeValues sets
// nothing and returns the error of [MetaFilter.Validate].
func (f MetaFilter) EncodeValues(key string, v *url.Values) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if *v == nil {
		*v = make(url.Values, len(f.conditions))
	}
	for _, c := range f.conditions {
		v.Set(key+"."+c.field+"["+c.operator+"]", c.value)
	}
	return nil
}

func newCondition(field, operator, value string) Condition {
	c := Condition{field: field, operator: operator, value: value}
	c.checkField()
	c.checkValue(value)
	return c
}

func newListCondition(field, operator string, values []string) Condition {
	c := Condition{field: field, operator: operator, value: strings.Join(values, "|")}
	c.checkField()
	c.checkList(values)
	return c
}

func (c *Condition) reject(format string, args ...any) {
	c.faults = append(c.faults, metaErrorf(format, args...))
}

func (c *Condition) checkField() {
	if c.field == "" {
		c.reject("a condition with the operator %s has no field: give one, such as status or region.name", c.operator)
		return
	}
	if n := utf8.RuneCountInString(c.field); n > maxMetaFieldLength {
		c.reject("field %.100q… has %d characters, at most %d are allowed: use shorter names", c.field, n, maxMetaFieldLength)
	}
	if n := strings.Count(c.field, ".") + 1; n > MaxMetaDepth {
		c.reject("field %.100q has %d levels, at most %d are allowed: use a field that is less deeply nested", c.field, n, MaxMetaDepth)
	}
	if strings.Contains("."+c.field+".", "..") {
		c.reject("field %.100q has an empty segment: put one dot between two names, and none at either end", c.field)
	}
	if i := strings.IndexFunc(c.field, isNotFieldRune); i >= 0 {
		r, _ := utf8.DecodeRuneInString(c.field[i:])
		c.reject("field %.100q contains %q, only letters, digits and underscores are allowed: use such names, with dots between them", c.field, r)
	}
}

func (c *Condition) checkList(values []string) {
	switch n := len(values); {
	case n == 0:
		c.reject("field %.100q has an empty list for %s: give 1 to %d values, or leave the condition out", c.field, c.operator, MaxMetaListValues)
	case n > MaxMetaListValues:
		c.reject("field %.100q has %d values for %s, at most %d are allowed: split the list over several requests",
			c.field, n, c.operator, MaxMetaListValues)
	}
	for i, value := range values {
		if strings.Contains(value, "|") {
			c.reject("field %.100q has a pipe in value %d of its list, %.40q, but the pipe separates values: use Eq in a request of its own",
				c.field, i+1, value)
		}
		c.checkValue(value)
	}
}

func (c *Condition) checkValue(value string) {
	switch isNumber := strings.HasSuffix(c.operator, ":number"); {
	case isNumber && (value == "NaN" || value == "+Inf" || value == "-Inf"):
		c.reject("field %.100q cannot be compared to %s, only finite numbers are allowed", c.field, value)
	case !utf8.ValidString(value): // metadata is JSON, which has no such strings
		c.reject("field %.100q cannot be compared to %.40q, which is not valid UTF-8: give a string in UTF-8", c.field, value)
	}
}

func metaErrorf(format string, args ...any) error { return paramErrorf("Meta", format, args...) }

func isNotFieldRune(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	return !isLetter && !isDigit && r != '_' && r != '.'
}

// typeName returns the type in the operators for values of T.
func typeName[T ~string | ~bool | Number]() string {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	default:
		return "number"
	}
}

// wireText returns value as it is sent. Reflection sees through named types.
func wireText[T ~string | ~bool | Number](value T) string {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.Float() == 0:
		return "0" // also for negative zero
	default:
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
	}
}
