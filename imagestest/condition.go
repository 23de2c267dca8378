package imagestest

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// condition is one metadata filter. An image matches if the operator is true for the value
// of the field and one of the operands.
type condition struct {
	field    string // a dotted path
	operator string // eq, in, gt, gte, lt or lte
	values   []operand
}

// operand is a value that a filter compares with.
type operand struct {
	text   string // of a string, or true or false
	kind   string // string, number or boolean
	number number
}

// parseOperand parses a value of the given kind. Without a kind, it infers one, which is a
// guess: true and false are booleans, JSON numbers are numbers, all else is a string.
func parseOperand(kind, text string) (operand, bool) {
	n, isNumber := parseNumber(text)
	isNumber = isNumber && isDigit(text[len(text)-1]) && jsontext.Value(text).IsValid() // without white space
	isBoolean := text == "true" || text == "false"
	switch {
	case kind == "" && isNumber:
		kind = "number"
	case kind == "" && isBoolean:
		kind = "boolean"
	case kind == "":
		kind = "string"
	}
	ok := kind == "string" || kind == "number" && isNumber || kind == "boolean" && isBoolean
	return operand{text: text, kind: kind, number: n}, ok
}

// holds reports whether the condition is true for a JSON scalar. Values of different types
// are never equal, and ranges match only numbers.
func (c condition) holds(scalar string) bool {
	if c.operator == "eq" || c.operator == "in" {
		return slices.ContainsFunc(c.values, func(v operand) bool { return v.equals(scalar) })
	}
	n, ok := parseNumber(scalar)
	if !ok {
		return false
	}
	order := n.compare(c.values[0].number)
	switch c.operator {
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0
}

func (v operand) equals(scalar string) bool {
	switch v.kind {
	case "string":
		return scalar[0] == '"' && unquote(scalar) == v.text
	case "boolean":
		return scalar == v.text
	}
	n, ok := parseNumber(scalar)
	return ok && n.compare(v.number) == 0
}

// unquote returns the text of a valid JSON string.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted)
	return string(text)
}
