package cfimages

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// optionList collects the options of a transform, and their violations.
type optionList struct {
	options []string
	faults  []error
}

func (l *optionList) add(name, value string) {
	l.options = append(l.options, name+"="+value)
}

func (l *optionList) reject(field, format string, args ...any) {
	l.faults = append(l.faults, paramErrorf(field, format, args...))
}

// addChoice adds one of the allowed values.
func addChoice[T ~string](l *optionList, field, name string, value T, allowed ...T) {
	if value == "" {
		return
	}
	if !slices.Contains(allowed, value) {
		l.reject(field, "is %.40q, which is not allowed: use one of %q, or leave it out", string(value), allowed)
		return
	}
	l.add(name, string(value))
}

func (l *optionList) addPixels(field, name string, pixels int) {
	if pixels < 0 {
		l.reject(field, "is %d pixels: give at least 1, or 0 to leave it out", pixels)
		return
	}
	if pixels > 0 {
		l.add(name, strconv.Itoa(pixels))
	}
}

// addNumber adds a number between low and high. Zero is left out, although it
// may be below low.
func (l *optionList) addNumber(field, name string, value, low, high float64) {
	if value == 0 {
		return
	}
	if !(low <= value && value <= high) { // a NaN is neither
		if low == 0 {
			l.reject(field, "is %v: give a number above 0 and at most %v, or leave it out", value, high)
			return
		}
		l.reject(field, "is %v: give a number from %v to %v, or leave it out", value, low, high)
		return
	}
	l.add(name, optionNumber(value))
}

// addFactor adds a factor, which may be as high as a float allows.
func (l *optionList) addFactor(field, name string, value float64) {
	if value < 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		l.reject(field, "is %v, which is not a factor: give a number such as 0.5 or 2", value)
		return
	}
	if value != 0 {
		l.add(name, optionNumber(value))
	}
}

func (l *optionList) addQuality(field, name string, q Quality) {
	if q == 0 {
		return
	}
	if q < QualityLow || q > 100 {
		l.reject(field, "is %d, only 1 to 100 and the levels from QualityLow to QualityHigh are allowed: use one of them", int(q))
		return
	}
	l.add(name, q.String())
}

func (l *optionList) addGravity(g Gravity) {
	switch g {
	case "":
		return
	case GravityAuto, GravityFace, GravityLeft, GravityRight, GravityTop, GravityBottom:
	default:
		x, y, _ := strings.Cut(string(g), "x")
		if !isFraction(x) || !isFraction(y) {
			l.reject("Gravity", "is %.40q: use one of its constants, or GravityAt with numbers from 0 to 1", string(g))
			return
		}
	}
	l.add("gravity", string(g))
}

// isFraction reports whether s is a number from 0 to 1, such as 0.25 or 1.0.
func isFraction(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && 0 <= f && f <= 1 && strings.Trim(s, "0123456789.") == ""
}

func (l *optionList) addTrim(t Trim) {
	faults := len(l.faults)
	for _, side := range []struct {
		name   string
		pixels int
	}{{"Top", t.Top}, {"Right", t.Right}, {"Bottom", t.Bottom}, {"Left", t.Left}, {"Width", t.Width}, {"Height", t.Height}} {
		if side.pixels < 0 {
			l.reject("Trim", "has a %s of %d pixels: give at least 1, or 0 to leave it out", side.name, side.pixels)
		}
	}
	isRectangle := t.Width != 0 || t.Height != 0
	if isRectangle && (t.Right != 0 || t.Bottom != 0) {
		l.reject("Trim", "combines a rectangle to keep (Width, Height) with pixels to remove (Right, Bottom): with a rectangle, set only Left and Top")
	}
	switch {
	case len(l.faults) > faults, t == Trim{}:
	case isRectangle:
		l.addPixels("Trim", "trim.width", t.Width)
		l.addPixels("Trim", "trim.height", t.Height)
		l.addPixels("Trim", "trim.left", t.Left)
		l.addPixels("Trim", "trim.top", t.Top)
	default:
		l.add("trim", fmt.Sprintf("%d;%d;%d;%d", t.Top, t.Right, t.Bottom, t.Left))
	}
}

func (l *optionList) addBackground(color string) {
	if color == "" {
		return
	}
	if i := strings.IndexFunc(color, isNotColorRune); i >= 0 {
		l.reject("Background", "is %.40q, which is not a CSS color: give one such as red, #f02891 or rgb(240,40,145)", color)
		return
	}
	if isEscaped(color) {
		l.reject("Background", "is %.40q, which is percent-escaped already: give the color as it is written in CSS", color)
		return
	}
	l.add("background", url.PathEscape(color))
}

// isNotColorRune reports whether r is in no color that CSS can express.
func isNotColorRune(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	return !isLetter && !isDigit && !strings.ContainsRune(" #(),.%/+-*", r)
}

// isEscaped reports whether a percent sign of color begins an escape. In CSS it
// ends a number.
func isEscaped(color string) bool {
	for _, after := range strings.Split(color, "%")[1:] {
		if after != "" && !strings.ContainsRune(" ),/+-*", rune(after[0])) {
			return true
		}
	}
	return false
}

// optionNumber returns f in its shortest form, without an exponent.
func optionNumber(f float64) string {
	if f == 0 {
		return "0" // also for negative zero
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
