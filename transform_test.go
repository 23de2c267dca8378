package cfimages_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// everyOption sets each field of a Transform.
func everyOption() cfimages.Transform {
	return cfimages.Transform{
		Width: 400, Height: 300, WidthAuto: true, Fit: cfimages.FitCover, Gravity: cfimages.GravityFace, Zoom: 0.5, Upscale: cfimages.UpscaleGenerate,
		DPR: 1.5, Trim: cfimages.Trim{Top: 1, Right: 2, Bottom: 3, Left: 4}, Rotate: 90, Flip: cfimages.FlipBoth, Background: "#f02891",
		Segment: cfimages.SegmentForeground, Blur: 7, Sharpen: 0.25, Brightness: 1.1, Contrast: 1.2, Gamma: 1.3, Saturation: new(0.0),
		Quality: 80, SlowConnectionQuality: cfimages.QualityMediumLow, Format: cfimages.FormatWebP, Anim: new(false),
		Metadata: cfimages.MetadataCopyright, Compression: cfimages.CompressionFast, OnError: cfimages.OnErrorRedirect,
	}
}

func TestTransformOptionsInOneOrder(t *testing.T) {
	transform := everyOption()
	v := reflect.ValueOf(transform)
	for i := range v.NumField() {
		assert.False(t, v.Field(i).IsZero(), "everyOption leaves out %s", v.Type().Field(i).Name)
	}
	transform.WidthAuto = false // which excludes Width
	options, err := transform.Options()
	require.NoError(t, err)
	assert.Equal(t, "width=400,height=300,fit=cover,gravity=face,zoom=0.5,upscale=generate,dpr=1.5,trim=1;2;3;4,rotate=90,flip=hv,"+
		"background=%23f02891,segment=foreground,blur=7,sharpen=0.25,brightness=1.1,contrast=1.2,gamma=1.3,saturation=0,"+
		"quality=80,slow-connection-quality=medium-low,format=webp,anim=false,metadata=copyright,compression=fast,onerror=redirect", options)
}

func TestTransformWritesNumbers(t *testing.T) {
	for want, transform := range map[string]cfimages.Transform{
		"brightness=0.0000001":               {Brightness: 1e-7},
		"contrast=1000000000000000000000000": {Contrast: 1e24},
		"width=640":                          {Width: 640, Sharpen: math.Copysign(0, -1)},
		"saturation=0":                       {Saturation: new(math.Copysign(0, -1))},
		"gravity=0x0":                        {Gravity: cfimages.GravityAt(0, math.Copysign(0, -1))},
		"trim=0;0;0;5":                       {Trim: cfimages.Trim{Left: 5}},
		"trim.width=5":                       {Trim: cfimages.Trim{Width: 5}},
		"background=rgb%280%200%200%20%2F%2050%25%29":                    {Background: "rgb(0 0 0 / 50%)"},
		"background=color-mix%28in%20srgb%2C%20red%2050%25%2C%20blue%29": {Background: "color-mix(in srgb, red 50%, blue)"},
	} {
		got, err := transform.Options()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestTransformRejects(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		transform     cfimages.Transform
		param, reason string
	}{
		{cfimages.Transform{}, "Transform", "has no options, but Cloudflare requires at least one"},
		{cfimages.Transform{Brightness: math.Copysign(0, -1)}, "Transform", "has no options"},
		{cfimages.Transform{Width: -1}, "Width", "is -1 pixels: give at least 1, or 0 to leave it out"},
		{cfimages.Transform{Height: math.MinInt}, "Height", "give at least 1"},
		{cfimages.Transform{Width: 5, WidthAuto: true}, "WidthAuto", "cannot be combined with a Width of 5"},
		{cfimages.Transform{Fit: "stretch"}, "Fit", `is "stretch", which is not allowed: use one of ["scale-down" "contain"`},
		{cfimages.Transform{Fit: "cover,width=1"}, "Fit", "which is not allowed"},
		{cfimages.Transform{Gravity: "center"}, "Gravity", `is "center": use one of its constants, or GravityAt`},
		{cfimages.Transform{Gravity: "0.5"}, "Gravity", "GravityAt"},
		{cfimages.Transform{Gravity: "0.5x0.5x0.5"}, "Gravity", "GravityAt"},
		{cfimages.Transform{Gravity: "0x1p-2"}, "Gravity", "GravityAt"},
		{cfimages.Transform{Gravity: "0x+1"}, "Gravity", "GravityAt"},
		{cfimages.Transform{Gravity: cfimages.GravityAt(0, 1.01)}, "Gravity", `is "0x1.01"`},
		{cfimages.Transform{Gravity: cfimages.GravityAt(-0.1, 0)}, "Gravity", `is "-0.1x0"`},
		{cfimages.Transform{Gravity: cfimages.GravityAt(nan, 0)}, "Gravity", `is "NaNx0"`},
		{cfimages.Transform{Gravity: cfimages.GravityFace, Zoom: 1.1}, "Zoom", "is 1.1: give a number above 0 and at most 1"},
		{cfimages.Transform{Gravity: cfimages.GravityFace, Zoom: nan}, "Zoom", "is NaN"},
		{cfimages.Transform{Gravity: cfimages.GravityAuto, Zoom: 0.5}, "Zoom", "requires GravityFace"},
		{cfimages.Transform{Zoom: 0.5}, "Zoom", "requires GravityFace"},
		{cfimages.Transform{Upscale: "ai"}, "Upscale", "which is not allowed"},
		{cfimages.Transform{DPR: 3}, "DPR", "is 3: give a number above 0 and at most 2"},
		{cfimages.Transform{DPR: -1}, "DPR", "is -1"},
		{cfimages.Transform{DPR: inf}, "DPR", "is +Inf"},
		{cfimages.Transform{Trim: cfimages.Trim{Left: -2}}, "Trim", "has a Left of -2 pixels"},
		{cfimages.Transform{Trim: cfimages.Trim{Width: 5, Right: 1}}, "Trim", "with pixels to remove (Right, Bottom)"},
		{cfimages.Transform{Trim: cfimages.Trim{Height: 5, Bottom: 1}}, "Trim", "with pixels to remove (Right, Bottom)"},
		{cfimages.Transform{Rotate: 45}, "Rotate", "is 45, only 90, 180 and 270 degrees"},
		{cfimages.Transform{Rotate: 360}, "Rotate", "is 360"},
		{cfimages.Transform{Flip: "vh"}, "Flip", "which is not allowed"},
		{cfimages.Transform{Background: "%23f02891"}, "Background", "percent-escaped already"},
		{cfimages.Transform{Background: "rgb%28240%2C40%2C145%29"}, "Background", "percent-escaped already"},
		{cfimages.Transform{Background: "red/../x?"}, "Background", "not a CSS color"},
		{cfimages.Transform{Background: "röd"}, "Background", "not a CSS color"},
		{cfimages.Transform{Background: "red\n"}, "Background", "not a CSS color"},
		{cfimages.Transform{Segment: "background"}, "Segment", "which is not allowed"},
		{cfimages.Transform{Blur: 251}, "Blur", "is 251: give a number from 1 to 250"},
		{cfimages.Transform{Blur: -1}, "Blur", "is -1"},
		{cfimages.Transform{Sharpen: 10.5}, "Sharpen", "is 10.5: give a number above 0 and at most 10"},
		{cfimages.Transform{Sharpen: -1}, "Sharpen", "is -1"},
		{cfimages.Transform{Brightness: -0.5}, "Brightness", "is -0.5, which is not a factor"},
		{cfimages.Transform{Contrast: inf}, "Contrast", "is +Inf"},
		{cfimages.Transform{Gamma: nan}, "Gamma", "is NaN"},
		{cfimages.Transform{Saturation: new(-1.0)}, "Saturation", "is -1"},
		{cfimages.Transform{Saturation: new(nan)}, "Saturation", "is NaN"},
		{cfimages.Transform{Quality: 101}, "Quality", "is 101, only 1 to 100 and the levels"},
		{cfimages.Transform{Quality: -5}, "Quality", "is -5"},
		{cfimages.Transform{SlowConnectionQuality: 101}, "SlowConnectionQuality", "is 101"},
		{cfimages.Transform{Format: "png"}, "Format", "which is not allowed"},
		{cfimages.Transform{Metadata: "all"}, "Metadata", `use one of ["keep" "copyright" "none"]`},
		{cfimages.Transform{Compression: "slow"}, "Compression", "which is not allowed"},
		{cfimages.Transform{OnError: "ignore"}, "OnError", "which is not allowed"},
	} {
		options, err := test.transform.Options()
		assert.Empty(t, options, test.reason)
		assertParamError(t, err, test.param, test.reason)
		assert.Equal(t, 1, strings.Count(err.Error(), "cfimages: "), "one violation: %v", err)
	}
}

func TestTransformReportsEveryViolation(t *testing.T) {
	_, err := cfimages.Transform{
		Width: -1, Height: -1, Fit: "x", Gravity: "x", Zoom: 2, Upscale: "x", DPR: 9, Trim: cfimages.Trim{Top: -1}, Rotate: 1, Flip: "x", Background: "?",
		Segment: "x", Blur: -1, Sharpen: -1, Brightness: -1, Contrast: -1, Gamma: -1, Saturation: new(-1.0), Quality: -9, SlowConnectionQuality: -9,
		Format: "x", Metadata: "x", Compression: "x", OnError: "x",
	}.Options()
	var params []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		p, ok := errors.AsType[*cfimages.ParamError](e)
		require.True(t, ok)
		params = append(params, p.Param)
	}
	assert.Equal(t, []string{
		"Width", "Height", "Fit", "Gravity", "Zoom", "Zoom", "Upscale", "DPR", "Trim", "Rotate", "Flip", "Background", "Segment", "Blur", "Sharpen",
		"Brightness", "Contrast", "Gamma", "Saturation", "Quality", "SlowConnectionQuality", "Format", "Metadata", "Compression", "OnError",
	}, params)
}

func TestQualityPrintsAsInURLs(t *testing.T) {
	assert.Equal(t, "medium-high", cfimages.QualityMediumHigh.String())
	assert.Equal(t, "85", cfimages.Quality(85).String())
	assert.Equal(t, "-7", cfimages.Quality(-7).String())
}
