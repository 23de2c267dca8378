package cfimages

import "strconv"

// Fit is how an image is resized to a width and a height. A [Variant] can have the first
// five, and a [Transform] all of them.
type Fit string

// Values of Fit.
const (
	FitScaleDown Fit = "scale-down" // the whole image, not enlarged
	FitContain   Fit = "contain"    // the whole image, enlarged if necessary
	FitCover     Fit = "cover"      // exactly the size; enlarged and cropped if necessary
	FitCrop      Fit = "crop"       // like FitCover, but smaller images are not enlarged
	FitPad       Fit = "pad"        // like FitContain, with the rest filled with the background

	FitAspectCrop Fit = "aspect-crop" // cropped to the aspect ratio of the size, not enlarged
	FitSqueeze    Fit = "squeeze"     // exactly the size; distorted if necessary
	FitScaleUp    Fit = "scale-up"    // enlarged; documented only together with upscale
)

// Gravity is the part of an image that is kept if FitCover, FitCrop or FitAspectCrop crops
// it: one of the constants, or a point made by [GravityAt].
type Gravity string

// Values of Gravity, besides those of [GravityAt].
const (
	GravityAuto   Gravity = "auto" // the most prominent part
	GravityFace   Gravity = "face" // faces; the center if there are none
	GravityLeft   Gravity = "left"
	GravityRight  Gravity = "right"
	GravityTop    Gravity = "top"
	GravityBottom Gravity = "bottom"
)

// GravityAt returns the Gravity of a point in the image. x is from 0, the left edge, to
// 1, the right edge. y is from 0, the top, to 1, the bottom. Values out of range are
// rejected by the call that uses the [Transform].
func GravityAt(x, y float64) Gravity {
	return Gravity(optionNumber(x) + "x" + optionNumber(y))
}

// Quality is the quality of JPEG, WebP and AVIF images: a number from 1, for small files,
// to 100, or one of the constants, for which Cloudflare chooses a number for each image.
type Quality int

// Levels of perceived quality.
const (
	QualityHigh       Quality = -1
	QualityMediumHigh Quality = -2
	QualityMediumLow  Quality = -3
	QualityLow        Quality = -4
)

// String returns the quality in the form of URLs, such as "85" or "medium-high".
func (q Quality) String() string {
	switch q {
	case QualityHigh:
		return "high"
	case QualityMediumHigh:
		return "medium-high"
	case QualityMediumLow:
		return "medium-low"
	case QualityLow:
		return "low"
	}
	return strconv.Itoa(int(q))
}

// Format is the format in which an image is delivered.
type Format string

// Values of Format.
const (
	FormatAuto         Format = "auto"          // the smallest format that the browser supports
	FormatAVIF         Format = "avif"          // WebP if AVIF is not possible
	FormatWebP         Format = "webp"          // lossless with a Quality of 100
	FormatJPEG         Format = "jpeg"          // progressive
	FormatBaselineJPEG Format = "baseline-jpeg" // for devices that do not support progressive JPEG
	FormatJSON         Format = "json"          // a JSON object with the size and type of the image, instead of the image
)

// Trim is what is removed from an image before it is resized or rotated, in pixels. Set
// either the pixels to remove at each edge, or the rectangle to keep: its Width and
// Height, and its distance from the Left and the Top.
type Trim struct {
	Top, Right, Bottom, Left int
	Width, Height            int
}

// Flip is how an image is mirrored.
type Flip string

// Values of Flip.
const (
	FlipHorizontal Flip = "h"
	FlipVertical   Flip = "v"
	FlipBoth       Flip = "hv"
)

// MetadataPolicy selects which metadata of an image file, such as EXIF, is delivered.
type MetadataPolicy string

// Values of MetadataPolicy.
const (
	MetadataKeep      MetadataPolicy = "keep"      // most of it, including the location of a photo
	MetadataCopyright MetadataPolicy = "copyright" // only the copyright
	MetadataNone      MetadataPolicy = "none"
)

// Upscale is how an image is enlarged.
type Upscale string

// Values of Upscale.
const (
	UpscaleInterpolate Upscale = "interpolate" // Cloudflare's default
	UpscaleGenerate    Upscale = "generate"    // by an AI model; sharper and slower
)

// Segment is a part of an image that is kept.
type Segment string

// SegmentForeground keeps the foreground and makes the rest transparent.
const SegmentForeground Segment = "foreground"

// Compression is the goal of compressing an image.
type Compression string

// CompressionFast chooses the format that is fastest to compress. It usually overrides
// [Format]. Cloudflare recommends it only for generated images that cannot be cached.
const CompressionFast Compression = "fast"

// OnError is what happens if a remote image cannot be transformed.
type OnError string

// OnErrorRedirect redirects the browser to the source. The source must be in the zone of
// the URL or on one of its subdomains.
const OnErrorRedirect OnError = "redirect"
