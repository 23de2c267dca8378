package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cfimages/cfimages-go"
)

// whereHelp is the grammar of parseWhere.
const whereHelp = `Each -where is one condition on the metadata. Repeat it, and all must hold.

  status=expired           equals; Cloudflare decides on the value's type
  region.name=eu-west      a field of a nested object
  priority<=2              a range of numbers: > >= < <=

Mind the shell: -where 'priority<=2'.
`

// parseWhere reads one condition. The first of = > < ends the field, and
// everything after the operator is the value. examples/list has a richer grammar.
func parseWhere(text string) (cfimages.Condition, error) {
	var none cfimages.Condition
	at := strings.IndexAny(text, "=<>")
	if at < 0 {
		return none, errors.New("the operator is missing, one of = > >= < <=")
	}
	field, operator, value := text[:at], text[at:at+1], text[at+1:]
	if operator == "=" {
		return cfimages.EqUntyped(field, value), nil
	}
	if rest, ok := strings.CutPrefix(value, "="); ok {
		operator, value = operator+"=", rest
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil { // exact to 64 bits
		return compare(field, operator, n), nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(math.Abs(n) < 1<<53) { // from there on, not every integer is a float64
		return none, fmt.Errorf("%q must be a number, for %s", value, operator)
	}
	return compare(field, operator, n), nil
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
