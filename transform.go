package cfimages

import (
	"errors"
	"strconv"
	"strings"
)

// Transform is a transformation of an image, which Cloudflare applies when it delivers
// the image. Use it with [Delivery.Transformed] and [Delivery.SrcSet] for images in
// Cloudflare Images, and with [RemoteURL] for images that are stored elsewhere.
//
// Zero fields are left out: Cloudflare's default applies. Two fields are pointers,
// because their zero value has a meaning: write Saturation: new(0.0) and
// Anim: new(false).
//
// The options, their values and their limits are those of
// https://developers.cloudflare.com/images/optimization/features/.
type Transform struct {
	// Width and Height are in pixels, after rotation. Their meaning depends on Fit. If
	// both are 0, the image keeps its size.
	Width, Height int
	// WidthAuto lets Cloudflare choose the width for the browser and its device. It
	// cannot be combined with Width.
	WidthAuto bool
	// Fit is how the image is resized to Width and Height: FitScaleDown by default.
	Fit Fit
	// Gravity is the part of the image that is kept if Fit crops it.
	Gravity Gravity
	// Zoom is how closely the image is cropped around faces: 0, the default, keeps most
	// of the background, and 1 the least. It requires GravityFace.
	Zoom float64
	// Upscale is how the image is enlarged, if Fit enlarges it.
	Upscale Upscale
	// DPR is the device pixel ratio: a factor for Width and Height, above 0 and at most
	// 2. It is 1 by default.
	DPR float64
	// Trim removes the edges of the image before it is resized or rotated. DPR also
	// multiplies the values of Trim.
	Trim Trim
	// Rotate is the rotation in degrees: 90, 180 or 270.
	Rotate int
	// Flip mirrors the image before it is rotated.
	Flip Flip

	// Background is the CSS color of transparent parts of the image and of the padding
	// of FitPad, for example "red", "#f02891" or "rgb(240,40,145)". This package
	// percent-escapes it.
	Background string
	// Segment is the part of the image that is kept. The rest becomes transparent.
	Segment Segment
	// Blur is a radius from 1 to 250. It does not hide the image: anyone can remove the
	// option from the URL.
	Blur int
	// Sharpen is a strength from 0, the default, to 10.
	Sharpen float64
	// Brightness, Contrast and Gamma are factors: 1 changes nothing. Cloudflare ignores
	// 0.
	Brightness, Contrast, Gamma float64
	// Saturation is a factor: 1 changes nothing, and 0 makes the image grayscale.
	Saturation *float64

	// Quality is a number from 1 to 100, or a level such as QualityHigh. It is 85
	// by default.
	Quality Quality
	// SlowConnectionQuality replaces Quality for browsers that report a slow
	// connection.
	SlowConnectionQuality Quality
	// Format is FormatAuto by default for images in Cloudflare Images.
	Format Format
	// Anim is whether an animation is kept, which is the default. If it is false, a
	// still image is delivered.
	Anim *bool
	// Metadata selects which metadata of the file is kept, such as the location of a photo.
	// It is MetadataCopyright by default for JPEG. WebP and PNG images are always
	// delivered without metadata.
	Metadata MetadataPolicy
	// Compression can prefer speed over size.
	Compression Compression
	// OnError is what happens if the image cannot be transformed. It can only be used
	// with RemoteURL.
	OnError OnError
}

// Options returns the options in the form of URLs, such as "width=400,fit=cover". It uses
// full names and a fixed order, so that equal transforms have equal URLs, which is good
// for caches.
//
// A Transform without any option is invalid, because Cloudflare requires at least one.
// Values out of range, and fields that cannot be combined, are invalid too. The error
// contains a [*ParamError] for each violation.
func (t Transform) Options() (string, error) {
	var l optionList
	l.addSize(t)
	l.addShape(t)
	l.addColors(t)
	l.addEncoding(t)
	if len(l.options)+len(l.faults) == 0 {
		l.reject("Transform", "has no options, but Cloudflare requires at least one: set a field, such as Width")
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
			l.reject("WidthAuto", "cannot be combined with a Width of %d: leave one out", t.Width)
		}
	} else {
		l.addPixels("Width", "width", t.Width)
	}
	l.addPixels("Height", "height", t.Height)
	addChoice(l, "Fit", "fit", t.Fit, FitScaleDown, FitContain, FitCover, FitCrop, FitPad, FitAspectCrop, FitSqueeze, FitScaleUp)
	l.addGravity(t.Gravity)
	l.addNumber("Zoom", "zoom", t.Zoom, 0, 1)
	if t.Zoom != 0 && t.Gravity != GravityFace {
		l.reject("Zoom", "requires GravityFace: set Gravity to GravityFace, or leave Zoom out")
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
		l.reject("Rotate", "is %d, only 90, 180 and 270 degrees are allowed: use one of them", t.Rotate)
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
