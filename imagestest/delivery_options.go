package imagestest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of delivery options, from Cloudflare's developer documentation.
const (
	maxBlur    = 250
	maxSharpen = 10
	maxQuality = 100
	maxDPR     = 2
)

// optionsProblem returns what is wrong with the options in a delivery URL, or "". Names and
// values are those of Cloudflare's developer documentation, which does not specify what is
// rejected. Guesses: anything else is rejected, as are duplicate options, including by
// short name, and zoom without gravity=face.
func optionsProblem(segment string) string {
	given := make(map[string]string)
	for text := range strings.SplitSeq(segment, ",") {
		name, escaped, _ := strings.Cut(text, "=")
		value, err := url.PathUnescape(escaped)
		option := deliveryOption(name)
		switch {
		case option.allows == nil:
			return fmt.Sprintf("unknown option '%s'", name)
		case err != nil || !option.allows(value):
			return fmt.Sprintf("'%s' cannot be '%s'", option.name, escaped)
		}
		if _, again := given[option.name]; again {
			return fmt.Sprintf("'%s' is given more than once", option.name)
		}
		given[option.name] = value
	}
	if given["zoom"] != "" && given["gravity"] != "face" {
		return "'zoom' needs 'gravity=face'"
	}
	return ""
}

// option is a delivery option with its full name and valid values.
type option struct {
	name   string
	allows func(value string) bool
}

// deliveryOption returns an option by its full or short name. An unknown option accepts no
// value. The redirect of onerror is only for remote images.
func deliveryOption(name string) option {
	for _, find := range []func(string) option{sizeOption, cropOption, colorOption, fileOption} {
		if o := find(name); o.allows != nil {
			return o
		}
	}
	return option{}
}

// sizeOption returns the options that change the size of an image. The fit scale-up is
// documented only with the option upscale.
func sizeOption(name string) option {
	switch name {
	case "width", "w":
		return option{"width", func(v string) bool { return v == "auto" || isPixels(v) }}
	case "height", "h":
		return option{"height", isPixels}
	case "fit":
		return option{"fit", oneOf("scale-down", "contain", "cover", "crop", "aspect-crop", "pad", "squeeze", "scale-up")}
	case "dpr":
		return option{"dpr", func(v string) bool { f, ok := decimal(v); return ok && 0 < f && f <= maxDPR }}
	case "upscale":
		return option{"upscale", oneOf("interpolate", "generate")}
	}
	return option{}
}

// cropOption returns the options that select a part of the image or its orientation.
func cropOption(name string) option {
	switch name {
	case "gravity", "g":
		return option{"gravity", isGravity}
	case "zoom", "face-zoom":
		return option{"zoom", between(0, 1)}
	case "rotate":
		return option{"rotate", oneOf("90", "180", "270")}
	case "flip":
		return option{"flip", oneOf("h", "v", "hv")}
	case "segment":
		return option{"segment", oneOf("foreground")}
	case "trim":
		return option{"trim", isTrim}
	case "trim.width", "trim.height":
		return option{name, isPixels}
	case "trim.left", "trim.top":
		return option{name, isDigits}
	}
	return option{}
}

// colorOption returns the options that change colors and pixels.
func colorOption(name string) option {
	switch name {
	case "background":
		return option{"background", isColor}
	case "blur":
		return option{"blur", between(1, maxBlur)}
	case "sharpen":
		return option{"sharpen", between(0, maxSharpen)}
	case "brightness", "contrast", "gamma", "saturation":
		return option{name, func(v string) bool { _, ok := decimal(v); return ok }}
	}
	return option{}
}

// fileOption returns the options that control the encoding of an image.
func fileOption(name string) option {
	switch name {
	case "quality", "q":
		return option{"quality", isQuality}
	case "slow-connection-quality", "scq":
		return option{"slow-connection-quality", isQuality}
	case "format", "f":
		return option{"format", oneOf("auto", "avif", "webp", "jpeg", "baseline-jpeg", "json")}
	case "anim":
		return option{"anim", oneOf("true", "false")}
	case "metadata":
		return option{"metadata", oneOf("copyright", "keep", "none")}
	case "compression":
		return option{"compression", oneOf("fast")}
	}
	return option{}
}

func oneOf(allowed ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(allowed, value) }
}

func between(low, high float64) func(string) bool {
	return func(value string) bool {
		f, ok := decimal(value)
		return ok && low <= f && f <= high
	}
}

// decimal parses a number without sign and exponent, such as 2, 0.5 or .5.
func decimal(value string) (float64, bool) {
	if !isDigits(strings.Replace(value, ".", "", 1)) {
		return 0, false
	}
	f, err := strconv.ParseFloat(value, 64)
	return f, err == nil
}

func isDigits(value string) bool {
	return value != "" && strings.Trim(value, "0123456789") == ""
}

// isPixels reports whether the value is a whole number of at least 1, of any size.
func isPixels(value string) bool { return isDigits(value) && strings.Trim(value, "0") != "" }

func isQuality(value string) bool {
	switch value {
	case "high", "medium-high", "medium-low", "low":
		return true
	}
	return isPixels(value) && between(1, maxQuality)(value)
}

func isGravity(value string) bool {
	if oneOf("auto", "face", "left", "right", "top", "bottom")(value) {
		return true
	}
	x, y, ok := strings.Cut(value, "x")
	return ok && between(0, 1)(x) && between(0, 1)(y)
}

// isTrim reports whether the value is four distances: from the top, the right, the
// bottom and the left.
func isTrim(value string) bool {
	distances := strings.Split(value, ";")
	return len(distances) == 4 && !slices.ContainsFunc(distances, func(d string) bool { return !isDigits(d) })
}

// isColor reports whether the value looks like a CSS color. It does not know the
// names of colors and functions.
func isColor(value string) bool {
	if digits, ok := strings.CutPrefix(value, "#"); ok {
		return slices.Contains([]int{3, 4, 6, 8}, len(digits)) && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
	}
	name, arguments, isFunction := strings.Cut(value, "(")
	if isFunction && !strings.HasSuffix(arguments, ")") {
		return false
	}
	isOfNames := func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' }
	return name != "" && strings.TrimFunc(name, isOfNames) == ""
}
