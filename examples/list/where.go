package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cfimages/cfimages-go"
)

// whereHelp is the grammar of parseWhere.
const whereHelp = `Each -where is one condition on the metadata: field[:type]operator value.
If it is repeated, all conditions must be met.

  status=active            equals; Cloudflare determines the type of the value
  status=active|pending    equals one of these
  region.name=eu-west      a field of a nested object
  code:string=5            equals the string "5", not the number
  priority:number=4|5      equals one of these numbers
  enabled:boolean=true     equals true
  priority>=4              a range of numbers: > >= < <=

The first of = > < ends the field, and everything after the operator is the
value. A pipe separates several values. Quote < > and | for the shell:
-where 'priority>=4'.
`

// syntaxError reports a syntax error in a condition and its position.
type syntaxError struct {
	text   string
	at     int // byte offset of the error in text
	reason string
}

// Error marks the position below the condition.
func (e *syntaxError) Error() string {
	before := strings.TrimSuffix(strconv.Quote(e.text[:e.at]), `"`)
	return fmt.Sprintf("%s\n  %q\n  %*s", e.reason, e.text, utf8.RuneCountInString(before)+1, "^")
}

// clause is the text of a condition and its parts.
type clause struct {
	text                         string
	field, kind, operator, value string
	kindAt, valueAt              int // offsets in text
}

// parseWhere parses one condition.
func parseWhere(text string) (cfimages.Condition, error) {
	var none cfimages.Condition
	c, err := splitClause(text)
	if err != nil {
		return none, err
	}
	condition, err := c.condition()
	if err != nil {
		return none, err
	}
	if invalid, ok := errors.AsType[*cfimages.ParamError](cfimages.Where(condition).Validate()); ok {
		return none, errors.New(invalid.Reason)
	}
	return condition, nil
}

func splitClause(text string) (*clause, error) {
	operatorAt := strings.IndexAny(text, "=<>")
	if operatorAt < 0 {
		return nil, &syntaxError{text, len(text), "the operator is missing, one of = > >= < <="}
	}
	c := &clause{text: text, valueAt: operatorAt + 1}
	if text[operatorAt] != '=' && strings.HasPrefix(text[c.valueAt:], "=") {
		c.valueAt++
	}
	c.operator, c.value = text[operatorAt:c.valueAt], text[c.valueAt:]
	var typed bool
	c.field, c.kind, typed = strings.Cut(text[:operatorAt], ":")
	c.kindAt = len(c.field) + 1
	switch {
	case c.field == "":
		return nil, &syntaxError{text, 0, "the field is missing, such as status or region.name"}
	case typed && c.kind != "string" && c.kind != "number" && c.kind != "boolean":
		return nil, &syntaxError{text, c.kindAt, "the type must be string, number or boolean"}
	}
	return c, nil
}

func (c *clause) condition() (cfimages.Condition, error) {
	values := strings.Split(c.value, "|")
	several := len(values) > 1
	switch {
	case c.operator != "=":
		return c.comparison()
	case c.kind == "boolean":
		return c.boolean()
	case c.kind == "number":
		return c.numbers(values)
	case c.kind == "string" && several:
		return cfimages.In(c.field, values...), nil
	case c.kind == "string":
		return cfimages.Eq(c.field, c.value), nil
	case several:
		return cfimages.InUntyped(c.field, values...), nil
	}
	return cfimages.EqUntyped(c.field, c.value), nil
}

func (c *clause) boolean() (cfimages.Condition, error) {
	if c.value != "true" && c.value != "false" {
		return cfimages.Condition{}, &syntaxError{c.text, c.valueAt, "the value must be true or false"}
	}
	return cfimages.Eq(c.field, c.value == "true"), nil
}

func (c *clause) comparison() (cfimages.Condition, error) {
	if c.kind == "string" || c.kind == "boolean" {
		return cfimages.Condition{}, &syntaxError{c.text, c.kindAt, "only numbers can be compared with " + c.operator}
	}
	if n, err := strconv.ParseInt(c.value, 10, 64); err == nil {
		return compare(c.field, c.operator, n), nil
	}
	n, err := c.float(c.value, c.valueAt)
	if err != nil {
		return cfimages.Condition{}, err
	}
	return compare(c.field, c.operator, n), nil
}

func compare[T cfimages.Number](field, operator string, value T) cfimages.Condition {
	switch operator {
	case ">":
		return cfimages.Gt(field, value)
	case ">=":
		return cfimages.Gte(field, value)
	case "<":
		return cfimages.Lt(field, value)
	}
	return cfimages.Lte(field, value)
}

// numbers prefers integers, which are exact to 64 bits.
func (c *clause) numbers(values []string) (cfimages.Condition, error) {
	if integers, ok := parseIntegers(values); ok {
		return oneOf(c.field, integers), nil
	}
	floats := make([]float64, len(values))
	at := c.valueAt
	for i, value := range values {
		var err error
		if floats[i], err = c.float(value, at); err != nil {
			return cfimages.Condition{}, err
		}
		at += len(value) + len("|")
	}
	return oneOf(c.field, floats), nil
}

func oneOf[T cfimages.Number](field string, values []T) cfimages.Condition {
	if len(values) == 1 {
		return cfimages.Eq(field, values[0])
	}
	return cfimages.In(field, values...)
}

func parseIntegers(values []string) (integers []int64, ok bool) {
	for _, value := range values {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, false
		}
		integers = append(integers, n)
	}
	return integers, true
}

// float parses the number at an offset of the condition.
func (c *clause) float(text string, at int) (float64, error) {
	const exact = 1 << 53 // larger integers may not be exact as a float64
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax) || math.IsNaN(n) || math.IsInf(n, 0) && err == nil:
		return 0, &syntaxError{c.text, at, "a number is expected here"}
	case math.Abs(n) >= exact:
		return 0, &syntaxError{c.text, at, "the number is too large to be exact"}
	}
	return n, nil
}
