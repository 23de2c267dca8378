package consumer

import (
	"github.com/cfimages/cfimages-go"
)

var (
	_ func(accountHash string) (*cfimages.Delivery, error)            = cfimages.NewDelivery
	_ func(rawURL string) (*cfimages.DeliveryURL, error)              = cfimages.ParseDeliveryURL
	_ func(zone, source string, t cfimages.Transform) (string, error) = cfimages.RemoteURL
	_ func(x, y float64) cfimages.Gravity                             = cfimages.GravityAt
	_ interface{ Options() (string, error) }                          = cfimages.Transform{}
	_ interface{ String() string }                                    = cfimages.Quality(85)
	_ interface {
		OnDomain(host string) (*cfimages.Delivery, error)
	} = (*cfimages.Delivery)(nil)
	_ interface {
		URL(imageID, variant string) (string, error)
	} = (*cfimages.Delivery)(nil)
	_ interface {
		Transformed(imageID string, t cfimages.Transform) (string, error)
		SrcSet(imageID string, t cfimages.Transform, widths ...int) (string, error)
	} = (*cfimages.Delivery)(nil)
)

// Literals name every field, with values of the type that it has.
var (
	_ = cfimages.DeliveryURL{AccountHash: string("hash"), ImageID: string("id"), Variant: string("public")}
	_ = cfimages.Trim{Top: int(1), Right: int(1), Bottom: int(1), Left: int(1), Width: int(1), Height: int(1)}
	_ = cfimages.Transform{
		Width:                 int(1),
		Height:                int(1),
		WidthAuto:             bool(false),
		Fit:                   cfimages.FitCover,
		Gravity:               cfimages.GravityAt(0.5, 0.5),
		Zoom:                  float64(0.5),
		Upscale:               cfimages.UpscaleGenerate,
		DPR:                   float64(2),
		Trim:                  cfimages.Trim{},
		Rotate:                int(90),
		Flip:                  cfimages.FlipBoth,
		Background:            string("red"),
		Segment:               cfimages.SegmentForeground,
		Blur:                  int(1),
		Sharpen:               float64(1),
		Brightness:            float64(1),
		Contrast:              float64(1),
		Gamma:                 float64(1),
		Saturation:            new(0.0),
		Quality:               cfimages.Quality(85),
		SlowConnectionQuality: cfimages.QualityLow,
		Format:                cfimages.FormatAVIF,
		Anim:                  new(false),
		Metadata:              cfimages.MetadataNone,
		Compression:           cfimages.CompressionFast,
		OnError:               cfimages.OnErrorRedirect,
	}
)

// Options of a form are converted from text, and are all different.
var (
	_ = map[cfimages.Fit]bool{
		cfimages.FitScaleDown: true, cfimages.FitContain: true, cfimages.FitCover: true, cfimages.FitCrop: true,
		cfimages.FitPad: true, cfimages.FitAspectCrop: true, cfimages.FitSqueeze: true, cfimages.FitScaleUp: true,
		cfimages.Fit("zoom"): false,
	}
	_ = map[cfimages.Gravity]bool{
		cfimages.GravityAuto: true, cfimages.GravityFace: true, cfimages.GravityLeft: true, cfimages.GravityRight: true,
		cfimages.GravityTop: true, cfimages.GravityBottom: true, cfimages.Gravity("center"): false,
	}
	_ = map[cfimages.Format]bool{
		cfimages.FormatAuto: true, cfimages.FormatAVIF: true, cfimages.FormatWebP: true, cfimages.FormatJPEG: true,
		cfimages.FormatBaselineJPEG: true, cfimages.FormatJSON: true, cfimages.Format("gif"): false,
	}
	_ = map[cfimages.Quality]bool{
		cfimages.QualityHigh: true, cfimages.QualityMediumHigh: true, cfimages.QualityMediumLow: true,
		cfimages.QualityLow: true, 85: false,
	}
	_ = map[cfimages.MetadataPolicy]bool{
		cfimages.MetadataKeep: true, cfimages.MetadataCopyright: true, cfimages.MetadataNone: true,
		cfimages.MetadataPolicy("all"): false,
	}
	_ = map[cfimages.Flip]bool{
		cfimages.FlipHorizontal: true, cfimages.FlipVertical: true, cfimages.FlipBoth: true, cfimages.Flip("x"): false,
	}
	_ = map[cfimages.Upscale]bool{
		cfimages.UpscaleInterpolate: true, cfimages.UpscaleGenerate: true, cfimages.Upscale("x"): false,
	}
	_ = []any{cfimages.Segment("x"), cfimages.Compression("x"), cfimages.OnError("x")}
)
