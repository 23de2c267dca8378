package imagestest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Limits of metadata filters, from Cloudflare's API reference. The length of a field is
// from its developer documentation.
const (
	maxFilters      = 5
	maxFilterDepth  = 5
	maxFilterField  = 100
	maxFilterValues = 10
)

// parseFilters parses the metadata filters of a query. Every key that begins with "meta"
// must be a filter, so that a mistyped filter fails instead of returning unfiltered
// results. Guesses: a repeated key adds a second condition, and all error texts except
// those for an operator and for the number of filters.
func parseFilters(query url.Values) ([]condition, error) {
	var conditions []condition
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if !strings.HasPrefix(key, "meta") {
			continue
		}
		for _, value := range query[key] {
			c, err := parseCondition(key, value)
			if err != nil {
				return nil, err
			}
			conditions = append(conditions, c)
		}
	}
	if n := len(conditions); n > maxFilters {
		return nil, badRequest("Too many metadata filters: %d provided, maximum %d allowed", n, maxFilters)
	}
	return conditions, nil
}

// parseCondition parses one filter: meta.<field>[<operator>]=<value>.
func parseCondition(key, text string) (condition, error) {
	field, operator, bracketed := strings.Cut(key, "[")
	field, dotted := strings.CutPrefix(field, "meta.")
	operator, closed := strings.CutSuffix(operator, "]")
	if !bracketed || !dotted || !closed {
		return condition{}, badRequest("Malformed metadata filter: '%s', expected 'meta.<field>[<operator>]'", key)
	}
	if err := checkField(field); err != nil {
		return condition{}, err
	}
	name, kind, typed := strings.Cut(operator, ":")
	if !supported(name, kind, typed) {
		return condition{}, badRequest("Unsupported metadata filter operator: '%s'", operator)
	}
	values, err := parseValues(name, kind, text)
	if err != nil {
		return condition{}, err
	}
	return condition{field: field, operator: name, values: values}, nil
}

// checkField rejects a field that is not a dotted path of names. Names consist of letters,
// digits and underscores. That only ASCII letters and digits are allowed is a guess.
func checkField(field string) error {
	if len(field) > maxFilterField {
		return badRequest("Metadata filter field too long: %d characters provided, maximum %d allowed",
			len(field), maxFilterField)
	}
	names := strings.Split(field, ".")
	if len(names) > maxFilterDepth {
		return badRequest("Metadata filter field too deep: %d levels provided, maximum %d allowed",
			len(names), maxFilterDepth)
	}
	for _, name := range names {
		if !isFieldName(name) {
			return badRequest("Unsupported metadata filter field: '%s'", field)
		}
	}
	return nil
}

// isFieldName reports whether a filter can contain the name.
func isFieldName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return name != ""
}

func supported(operator, kind string, typed bool) bool {
	switch operator {
	case "eq":
		return !typed || kind == "string" || kind == "number" || kind == "boolean"
	case "in":
		return !typed || kind == "string" || kind == "number"
	case "gt", "gte", "lt", "lte":
		return !typed || kind == "number"
	}
	return false
}

// parseValues parses the value of an operator, or its list of values.
func parseValues(operator, kind, text string) ([]operand, error) {
	texts := []string{text}
	switch operator {
	case "in":
		texts = strings.Split(text, "|")
	case "gt", "gte", "lt", "lte":
		kind = "number"
	}
	if n := len(texts); n > maxFilterValues {
		return nil, badRequest("Too many values in metadata filter: %d provided, maximum %d allowed",
			n, maxFilterValues)
	}
	values := make([]operand, len(texts))
	for i, text := range texts {
		v, ok := parseOperand(kind, text)
		if !ok {
			return nil, badRequest("Invalid metadata filter value: '%s' is not a %s", text, kind)
		}
		values[i] = v
	}
	return values, nil
}
