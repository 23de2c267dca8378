package cfimages

import (
	"errors"
	"strconv"
	"strings"
)

// Transform says how Cloudflare changes an image while it delivers it. It is
// used for images in Cloudflare Images by [Delivery.Transformed] and
// [Delivery.SrcSet], and for images that are stored elsewhere by [RemoteURL].
//
// Fields that are zero are left out, and Cloudflare's default applies. The fields
// with a pointer are those where zero, or false, means something: write
// Saturation: new(0.0) and Anim: new(false).
//
// The options, their values and their limits are those of
// https://developers.cloudflare.com/images/optimization/features/.
type Transform struct {
	// Width and Height are in pixels, after rotation. What they mean depends on
	// Fit. Without both, the image keeps its size.
	Width, Height int
	// WidthAuto lets Cloudflare choose the width by what is known of the browser
	// and its device. It is an alternative to Width.
	WidthAuto bool
	// Fit is FitScaleDown by default.
	Fit Fit
	// Gravity says which part of the image is kept when Fit crops it.
	Gravity Gravity
	// Zoom says how closely the image is cropped around faces: from 0, the
	// default, which keeps as much of the background as possible, to 1. It
	// needs GravityFace.
	Zoom float64
	// Upscale says how an image is enlarged, where Fit enlarges it.
	Upscale Upscale
	// DPR multiplies Width and Height for screens with more pixels than CSS
	// pixels. It is more than 0 and at most 2; 1 by default.
	DPR float64
	// Trim cuts off the edges of the image before it is resized or rotated. Its
	// pixels are multiplied by DPR too.
	Trim Trim
	// Rotate is in degrees: 90, 180 or 270.
	Rotate int
	// Flip mirrors the image, before it is rotated.
	Flip Flip

	// Background is a CSS color that shows through the transparent parts of the
	// image and around an image with FitPad: "red", "#f02891", "rgb(240,40,145)".
	// It is percent-escaped by this package.
	Background string
	// Segment replaces a part of the image by transparent pixels.
	Segment Segment
	// Blur is a radius from 1 to 250. It does not hide anything: whoever has
	// the URL can leave the option out.
	Blur int
	// Sharpen is a strength from 0, the default, to 10.
	Sharpen float64
	// Brightness, Contrast and Gamma are factors: 1 changes nothing, and
	// Cloudflare ignores 0.
	Brightness, Contrast, Gamma float64
	// Saturation is a factor: 1 changes nothing, and 0 makes the image gray.
	Saturation *float64

	// Quality is a number from 1 to 100, or a level such as QualityHigh. It is 85
	// by default.
	Quality Quality
	// SlowConnectionQuality replaces Quality for browsers that report a slow
	// connection.
	SlowConnectionQuality Quality
	// Format is FormatAuto by default for images in Cloudflare Images.
	Format Format
	// Anim says whether an animation stays one, as it does by default. If it is
	// false, only a still image is delivered.
	Anim *bool
	// Metadata says which of the metadata in the file is kept, such as the place
	// where a photo was taken. It is MetadataCopyright by default for JPEG; WebP
	// and PNG never have any.
	Metadata MetadataPolicy
	// Compression prefers speed over size.
	Compression Compression
	// OnError says what happens if the image cannot be transformed. It is for
	// RemoteURL only.
	OnError OnError
}

// Options returns the options as they are written in URLs, such as
// "width=400,fit=cover": by their full names, in an order that is always the same,
// so that equal transforms have equal URLs and share a place in caches.
//
// A transform without any option is invalid, because Cloudflare needs at least
// one. So are values out of range and fields that contradict each other: every
// violation is a [*ParamError] that names the field, and they are joined.
func (t Transform) Options() (string, error) {
	var l optionList
	l.addSize(t)
	l.addShape(t)
	l.addColors(t)
	l.addEncoding(t)
	if len(l.options)+len(l.faults) == 0 {
		l.refuse("Transform", "has no options, and Cloudflare needs at least one: set a field, such as Width")
	}
	if err := errors.Join(l.faults...); err != nil {
		return "", err
	}
	return strings.Join(l.options, ","), nil
}

// hostedOptions returns the options for an image in Cloudflare Images.
func (t Transform) hostedOptions() (string, error) {
	options, err := t.Options()
	if t.OnError != "" {
		err = errors.Join(err, paramErrorf("OnError", "is %.40q, but it is for remote images only: leave it out, or use RemoteURL", string(t.OnError)))
	}
	return options, err
}

func (l *optionList) addSize(t Transform) {
	if t.WidthAuto {
		l.add("width", "auto")
		if t.Width != 0 {
			l.refuse("WidthAuto", "is set together with a Width of %d, and only one of them can be sent: leave one out", t.Width)
		}
	} else {
		l.addPixels("Width", "width", t.Width)
	}
	l.addPixels("Height", "height", t.Height)
	addChoice(l, "Fit", "fit", t.Fit, FitScaleDown, FitContain, FitCover, FitCrop, FitPad, FitAspectCrop, FitSqueeze, FitScaleUp)
	l.addGravity(t.Gravity)
	l.addNumber("Zoom", "zoom", t.Zoom, 0, 1)
	if t.Zoom != 0 && t.Gravity != GravityFace {
		l.refuse("Zoom", "is set, but it has a meaning only together with GravityFace: set Gravity to GravityFace, or leave Zoom out")
	}
	addChoice(l, "Upscale", "upscale", t.Upscale, UpscaleInterpolate, UpscaleGenerate)
	l.addNumber("DPR", "dpr", t.DPR, 0, 2)
}

func (l *optionList) addShape(t Transform) {
	l.addTrim(t.Trim)
	switch t.Rotate {
	case 0:
	case 90, 180, 270:
		l.add("rotate", strconv.Itoa(t.Rotate))
	default:
		l.refuse("Rotate", "is %d, only 90, 180 and 270 degrees are allowed: use one of them", t.Rotate)
	}
	addChoice(l, "Flip", "flip", t.Flip, FlipHorizontal, FlipVertical, FlipBoth)
}

func (l *optionList) addColors(t Transform) {
	l.addBackground(t.Background)
	addChoice(l, "Segment", "segment", t.Segment, SegmentForeground)
	l.addNumber("Blur", "blur", float64(t.Blur), 1, 250)
	l.addNumber("Sharpen", "sharpen", t.Sharpen, 0, 10)
	l.addFactor("Brightness", "brightness", t.Brightness)
	l.addFactor("Contrast", "contrast", t.Contrast)
	l.addFactor("Gamma", "gamma", t.Gamma)
	switch s := t.Saturation; {
	case s == nil:
	case *s == 0:
		l.add("saturation", "0")
	default:
		l.addFactor("Saturation", "saturation", *s)
	}
}

func (l *optionList) addEncoding(t Transform) {
	l.addQuality("Quality", "quality", t.Quality)
	l.addQuality("SlowConnectionQuality", "slow-connection-quality", t.SlowConnectionQuality)
	addChoice(l, "Format", "format", t.Format, FormatAuto, FormatAVIF, FormatWebP, FormatJPEG, FormatBaselineJPEG, FormatJSON)
	if t.Anim != nil {
		l.add("anim", strconv.FormatBool(*t.Anim))
	}
	addChoice(l, "Metadata", "metadata", t.Metadata, MetadataKeep, MetadataCopyright, MetadataNone)
	addChoice(l, "Compression", "compression", t.Compression, CompressionFast)
	addChoice(l, "OnError", "onerror", t.OnError, OnErrorRedirect)
}
