package ratelimit

import (
	"math"
	"strconv"
	"strings"
)

// limit is one list member: a name and two of its parameters.
type limit struct {
	name              string
	requests, seconds int64 // notInteger when missing or of another type
}

// notInteger stands for a value that is not an integer. Integers have 15 digits at
// most (RFC 9651, section 3.3.1), so that none has this value.
const notInteger = math.MinInt64

// parseList reads a structured field (RFC 9651) that is a list of strings or tokens with
// parameters, and keeps two of these. Inner lists and display strings,
// which no rate limit header uses, are refused like any malformed field.
func parseList(field, requestsKey, secondsKey string) ([]limit, bool) {
	s := scanner{rest: strings.Trim(field, " ")}
	var limits []limit
	for {
		l, ok := s.member(requestsKey, secondsKey)
		if !ok {
			return nil, false
		}
		limits = append(limits, l)
		s.skip(" \t")
		if s.rest == "" {
			return limits, true
		}
		if !s.accept(',') {
			return nil, false
		}
		s.skip(" \t")
	}
}

// scanner reads a field from its start. Its methods return false when the field is
// malformed; what they consumed then does not matter.
type scanner struct{ rest string }

func (s *scanner) member(requestsKey, secondsKey string) (limit, bool) {
	name, ok := s.name()
	if !ok {
		return limit{}, false
	}
	l := limit{name: name, requests: notInteger, seconds: notInteger}
	for s.accept(';') {
		key, value, ok := s.parameter()
		if !ok {
			return limit{}, false
		}
		switch key { // of a repeated key, the last value counts
		case requestsKey:
			l.requests = value
		case secondsKey:
			l.seconds = value
		}
	}
	return l, true
}

func (s *scanner) name() (string, bool) {
	if s.accept('"') {
		return s.quoted()
	}
	return s.token()
}

func (s *scanner) parameter() (key string, value int64, ok bool) {
	s.skip(" ")
	if s.rest == "" || !isLower(s.rest[0]) && s.rest[0] != '*' {
		return "", 0, false
	}
	key = s.takeWhile(isKeyChar)
	if !s.accept('=') {
		return key, notInteger, true // a bare key means true
	}
	value, ok = s.value()
	return key, value, ok
}

// value reads a parameter's value and returns it when it is an integer, notInteger otherwise.
func (s *scanner) value() (value int64, ok bool) {
	switch {
	case s.accept('"'):
		_, ok = s.quoted()
	case s.accept(':'): // a byte sequence
		s.takeWhile(isBase64Char)
		ok = s.accept(':')
	case s.accept('?'): // a boolean
		ok = s.accept('0') || s.accept('1')
	case s.accept('@'): // a date
		value, ok = s.number()
		ok = ok && value != notInteger
	case s.rest != "" && (s.rest[0] == '-' || isDigit(s.rest[0])):
		return s.number()
	default:
		_, ok = s.token()
	}
	return notInteger, ok
}

// number reads an integer, or a decimal as notInteger.
func (s *scanner) number() (int64, bool) {
	const maxDigits, maxWholeDigits, maxFraction = 15, 12, 3
	negative := s.accept('-')
	whole := s.takeWhile(isDigit)
	if s.accept('.') {
		fraction := s.takeWhile(isDigit)
		return notInteger, 1 <= len(whole) && len(whole) <= maxWholeDigits &&
			1 <= len(fraction) && len(fraction) <= maxFraction
	}
	if len(whole) > maxDigits {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// quoted reads a string after its opening quote.
func (s *scanner) quoted() (string, bool) {
	var text strings.Builder
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case c == '"':
			s.rest = s.rest[i+1:]
			return text.String(), true
		case c == '\\':
			i++
			if i == len(s.rest) || s.rest[i] != '"' && s.rest[i] != '\\' {
				return "", false
			}
			c = s.rest[i]
		case c < ' ' || c > '~':
			return "", false
		}
		text.WriteByte(c)
	}
	return "", false
}

func (s *scanner) token() (string, bool) {
	if s.rest == "" || !isAlpha(s.rest[0]) && s.rest[0] != '*' {
		return "", false
	}
	return s.takeWhile(isTokenChar), true
}

// accept consumes c if it comes next.
func (s *scanner) accept(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// skip consumes what comes next of the characters in set.
func (s *scanner) skip(set string) { s.rest = strings.TrimLeft(s.rest, set) }

func (s *scanner) takeWhile(is func(byte) bool) string {
	n := 0
	for n < len(s.rest) && is(s.rest[n]) {
		n++
	}
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	return taken
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isAlpha(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' }

func isKeyChar(c byte) bool {
	return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0
}

func isTokenChar(c byte) bool {
	return isAlpha(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0
}

func isBase64Char(c byte) bool {
	return isAlpha(c) || isDigit(c) || strings.IndexByte("+/=", c) >= 0
}
