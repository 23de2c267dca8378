package cfimages

import "strconv"

// Fit says how an image is fitted into a width and a height. Variants take the
// first five; a [Transform] takes all of them.
type Fit string

// The ways to fit an image.
const (
	FitScaleDown Fit = "scale-down" // all of the image, never enlarged
	FitContain   Fit = "contain"    // all of the image, enlarged if necessary
	FitCover     Fit = "cover"      // exactly the size: enlarged or cropped if necessary
	FitCrop      Fit = "crop"       // like FitCover, but an image that is smaller stays as it is
	FitPad       Fit = "pad"        // like FitContain, and the rest is filled with the background

	FitAspectCrop Fit = "aspect-crop" // cropped to the proportions of the size, never enlarged
	FitSqueeze    Fit = "squeeze"     // exactly the size, distorted if necessary
	FitScaleUp    Fit = "scale-up"    // enlarged; the documentation names it only under upscale
)

// Gravity is the part of an image that is kept when FitCover, FitCrop or
// FitAspectCrop crops it: one of the constants, or a point made by [GravityAt].
type Gravity string

// What can be kept of an image besides a point of it.
const (
	GravityAuto   Gravity = "auto" // what stands out most
	GravityFace   Gravity = "face" // the faces in the image, or else its center
	GravityLeft   Gravity = "left"
	GravityRight  Gravity = "right"
	GravityTop    Gravity = "top"
	GravityBottom Gravity = "bottom"
)

// GravityAt returns the gravity of a point of the image. x goes from 0, the left
// edge, to 1, the right edge; y from 0, the top, to 1, the bottom. What is out
// of range is reported by the call that is given the [Transform].
func GravityAt(x, y float64) Gravity {
	return Gravity(optionNumber(x) + "x" + optionNumber(y))
}

// Quality is the quality of JPEG, WebP and AVIF images: a number from 1, small
// files, to 100, or one of the levels below, with which Cloudflare chooses the
// number for each image.
type Quality int

// The levels of quality as people see it.
const (
	QualityHigh       Quality = -1
	QualityMediumHigh Quality = -2
	QualityMediumLow  Quality = -3
	QualityLow        Quality = -4
)

// String returns the quality as it is written in URLs, such as "85" or "medium-high".
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

// The formats.
const (
	FormatAuto         Format = "auto"          // the smallest that the browser supports
	FormatAVIF         Format = "avif"          // WebP if AVIF is not possible
	FormatWebP         Format = "webp"          // lossless with a Quality of 100
	FormatJPEG         Format = "jpeg"          // progressive
	FormatBaselineJPEG Format = "baseline-jpeg" // for devices that do not know progressive JPEG
	FormatJSON         Format = "json"          // not the image, but its size, type and the like
)

// Trim is what is cut off an image before it is resized or rotated, in pixels.
// Give either what is cut off each edge, or the rectangle that is kept: its Width
// and Height, and its distances from the Left and the Top, but no Right or Bottom.
type Trim struct {
	Top, Right, Bottom, Left int
	Width, Height            int
}

// Flip is how an image is mirrored.
type Flip string

// The ways to mirror an image.
const (
	FlipHorizontal Flip = "h"
	FlipVertical   Flip = "v"
	FlipBoth       Flip = "hv"
)

// MetadataPolicy says which metadata of an image file, such as EXIF, is
// delivered.
type MetadataPolicy string

// The policies.
const (
	MetadataKeep      MetadataPolicy = "keep"      // most of it, including the place where a photo was taken
	MetadataCopyright MetadataPolicy = "copyright" // only the copyright
	MetadataNone      MetadataPolicy = "none"
)

// Upscale is how an image is enlarged.
type Upscale string

// The ways to enlarge an image.
const (
	UpscaleInterpolate Upscale = "interpolate" // Cloudflare's default
	UpscaleGenerate    Upscale = "generate"    // by an AI model: sharper, and slower
)

// Segment is a part of an image that is kept.
type Segment string

// SegmentForeground keeps the subject and makes everything else transparent.
const SegmentForeground Segment = "foreground"

// Compression is what compressing an image aims at.
type Compression string

// CompressionFast chooses the format that is compressed in the shortest time.
// It usually overrides [Format], and Cloudflare advises against it, except for
// generated images that cannot be cached.
const CompressionFast Compression = "fast"

// OnError is what happens if a remote image cannot be transformed.
type OnError string

// OnErrorRedirect redirects the browser to the source. It works only if the source
// is in the zone of the URL or on one of its subdomains.
const OnErrorRedirect OnError = "redirect"
