package cfimages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// The pages of Cloudflare's developer documentation that the examples are from.
const (
	featuresPage   = "https://developers.cloudflare.com/images/optimization/features/"
	urlPage        = "https://developers.cloudflare.com/images/transform-images/transform-via-url/"
	responsivePage = "https://developers.cloudflare.com/images/optimization/make-responsive-images/"
	flexiblePage   = "https://developers.cloudflare.com/images/optimization/hosted-images/enable-flexible-variants/"
	domainsPage    = "https://developers.cloudflare.com/images/optimization/hosted-images/serve-from-custom-domains/"
)

// documented are the examples of options in URLs. Where the documentation shows an
// option without another that its text asks for, with has the other.
var documented = []struct {
	page, options, with string
	transform           cfimages.Transform
}{
	{page: featuresPage, options: "anim=false", transform: cfimages.Transform{Anim: new(false)}},
	{page: featuresPage, options: "background=%23RRGGBB", transform: cfimages.Transform{Background: "#RRGGBB"}},
	{page: featuresPage, options: "background=red", transform: cfimages.Transform{Background: "red"}},
	{page: featuresPage, options: "background=rgb%28240%2C40%2C145%29", transform: cfimages.Transform{Background: "rgb(240,40,145)"}},
	{page: featuresPage, options: "blur=50", transform: cfimages.Transform{Blur: 50}},
	{page: featuresPage, options: "brightness=0.5", transform: cfimages.Transform{Brightness: 0.5}},
	{page: featuresPage, options: "compression=fast", transform: cfimages.Transform{Compression: cfimages.CompressionFast}},
	{page: featuresPage, options: "contrast=0.5", transform: cfimages.Transform{Contrast: 0.5}},
	{page: featuresPage, options: "dpr=1", transform: cfimages.Transform{DPR: 1}},
	{page: featuresPage, options: "width=300,height=200,dpr=1", transform: cfimages.Transform{Width: 300, Height: 200, DPR: 1}},
	{page: featuresPage, options: "width=300,height=200,dpr=2", transform: cfimages.Transform{Width: 300, Height: 200, DPR: 2}},
	{page: featuresPage, options: "fit=pad", transform: cfimages.Transform{Fit: cfimages.FitPad}},
	{page: featuresPage, options: "fit=scale-down,width=1920", transform: cfimages.Transform{Fit: cfimages.FitScaleDown, Width: 1920}},
	{page: featuresPage, options: "flip=h", transform: cfimages.Transform{Flip: cfimages.FlipHorizontal}},
	{page: featuresPage, options: "flip=v", transform: cfimages.Transform{Flip: cfimages.FlipVertical}},
	{page: featuresPage, options: "flip=h,rotate=90", transform: cfimages.Transform{Flip: cfimages.FlipHorizontal, Rotate: 90}},
	{page: featuresPage, options: "format=auto", transform: cfimages.Transform{Format: cfimages.FormatAuto}},
	{page: featuresPage, options: "f=auto", transform: cfimages.Transform{Format: cfimages.FormatAuto}},
	{page: featuresPage, options: "gamma=0.5", transform: cfimages.Transform{Gamma: 0.5}},
	{page: featuresPage, options: "gravity=auto", transform: cfimages.Transform{Gravity: cfimages.GravityAuto}},
	{page: featuresPage, options: "gravity=left", transform: cfimages.Transform{Gravity: cfimages.GravityLeft}},
	{page: featuresPage, options: "gravity=0x1", transform: cfimages.Transform{Gravity: cfimages.GravityAt(0, 1)}},
	{page: featuresPage, options: "gravity=face", transform: cfimages.Transform{Gravity: cfimages.GravityFace}},
	{page: featuresPage, options: "g=auto", transform: cfimages.Transform{Gravity: cfimages.GravityAuto}},
	{page: featuresPage, options: "g=left", transform: cfimages.Transform{Gravity: cfimages.GravityLeft}},
	{page: featuresPage, options: "g=0x1", transform: cfimages.Transform{Gravity: cfimages.GravityAt(0, 1)}},
	{page: featuresPage, options: "g=face", transform: cfimages.Transform{Gravity: cfimages.GravityFace}},
	{page: featuresPage, options: "height=250", transform: cfimages.Transform{Height: 250}},
	{page: featuresPage, options: "h=250", transform: cfimages.Transform{Height: 250}},
	{page: featuresPage, options: "metadata=none", transform: cfimages.Transform{Metadata: cfimages.MetadataNone}},
	{page: featuresPage, options: "onerror=redirect", transform: cfimages.Transform{OnError: cfimages.OnErrorRedirect}},
	{page: featuresPage, options: "quality=50", transform: cfimages.Transform{Quality: 50}},
	{page: featuresPage, options: "quality=low", transform: cfimages.Transform{Quality: cfimages.QualityLow}},
	{page: featuresPage, options: "q=50", transform: cfimages.Transform{Quality: 50}},
	{page: featuresPage, options: "quality=100", transform: cfimages.Transform{Quality: 100}},
	{page: featuresPage, options: "rotate=90", transform: cfimages.Transform{Rotate: 90}},
	{page: featuresPage, options: "saturation=0.5", transform: cfimages.Transform{Saturation: new(0.5)}},
	{page: featuresPage, options: "segment=foreground", transform: cfimages.Transform{Segment: cfimages.SegmentForeground}},
	{page: featuresPage, options: "sharpen=2", transform: cfimages.Transform{Sharpen: 2}},
	{page: featuresPage, options: "slow-connection-quality=50", transform: cfimages.Transform{SlowConnectionQuality: 50}},
	{page: featuresPage, options: "scq=50", transform: cfimages.Transform{SlowConnectionQuality: 50}},
	{page: featuresPage, options: "trim=20;30;20;0", transform: cfimages.Transform{Trim: cfimages.Trim{Top: 20, Right: 30, Bottom: 20}}},
	{page: featuresPage, options: "trim.width=678,trim.height=678,trim.left=30,trim.top=40", transform: cfimages.Transform{Trim: cfimages.Trim{Width: 678, Height: 678, Left: 30, Top: 40}}},
	{page: featuresPage, options: "upscale=generate", transform: cfimages.Transform{Upscale: cfimages.UpscaleGenerate}},
	{page: featuresPage, options: "width=250", transform: cfimages.Transform{Width: 250}},
	{page: featuresPage, options: "w=250", transform: cfimages.Transform{Width: 250}},
	{page: featuresPage, options: "zoom=0.1", with: "gravity=face", transform: cfimages.Transform{Gravity: cfimages.GravityFace, Zoom: 0.1}},
	{page: featuresPage, options: "zoom=0.2", with: "gravity=face", transform: cfimages.Transform{Gravity: cfimages.GravityFace, Zoom: 0.2}},
	{page: featuresPage, options: "face-zoom=0.2", with: "gravity=face", transform: cfimages.Transform{Gravity: cfimages.GravityFace, Zoom: 0.2}},
	{page: urlPage, options: "width=100", transform: cfimages.Transform{Width: 100}},
	{page: urlPage, options: "width=80,quality=75", transform: cfimages.Transform{Width: 80, Quality: 75}},
	{page: urlPage, options: "fit=scale-down", transform: cfimages.Transform{Fit: cfimages.FitScaleDown}},
	{page: responsivePage, options: "fit=contain,width=960", transform: cfimages.Transform{Fit: cfimages.FitContain, Width: 960}},
	{page: responsivePage, options: "fit=contain,width=1920", transform: cfimages.Transform{Fit: cfimages.FitContain, Width: 1920}},
	{page: responsivePage, options: "fit=contain,width=320", transform: cfimages.Transform{Fit: cfimages.FitContain, Width: 320}},
	{page: responsivePage, options: "width=960", transform: cfimages.Transform{Width: 960}},
	{page: responsivePage, options: "format=auto", transform: cfimages.Transform{Format: cfimages.FormatAuto}},
	{page: responsivePage, options: "width=auto", transform: cfimages.Transform{WidthAuto: true}},
	{page: flexiblePage, options: "w=400,sharpen=3", transform: cfimages.Transform{Width: 400, Sharpen: 3}},
	{page: domainsPage, options: "width=100,height=300", transform: cfimages.Transform{Width: 100, Height: 300}},
}

func TestTransformExpressesDocumentedExamples(t *testing.T) {
	for _, test := range documented {
		t.Run(test.options, func(t *testing.T) {
			got, err := test.transform.Options()
			require.NoError(t, err)
			want := strings.Split(test.options, ",")
			if test.with != "" {
				want = append(want, test.with)
			}
			assert.ElementsMatch(t, fullNames(want), strings.Split(got, ","), test.page)
		})
	}
}

// Values that the documentation names without an example of a URL.
func TestTransformExpressesDocumentedValues(t *testing.T) {
	for page, values := range map[string]map[cfimages.Transform]string{
		featuresPage + "#fit": {
			{Fit: cfimages.FitScaleDown}: "fit=scale-down", {Fit: cfimages.FitContain}: "fit=contain", {Fit: cfimages.FitCover}: "fit=cover",
			{Fit: cfimages.FitCrop}: "fit=crop", {Fit: cfimages.FitAspectCrop}: "fit=aspect-crop", {Fit: cfimages.FitPad}: "fit=pad",
			{Fit: cfimages.FitSqueeze}: "fit=squeeze",
		},
		featuresPage + "#upscale": {
			{Fit: cfimages.FitScaleUp}: "fit=scale-up", {Upscale: cfimages.UpscaleInterpolate}: "upscale=interpolate",
		},
		featuresPage + "#gravity": {
			{Gravity: cfimages.GravityRight}: "gravity=right", {Gravity: cfimages.GravityTop}: "gravity=top", {Gravity: cfimages.GravityBottom}: "gravity=bottom",
			{Gravity: cfimages.GravityAt(0.5, 0.5)}: "gravity=0.5x0.5", {Gravity: cfimages.GravityAt(0.5, 0.33)}: "gravity=0.5x0.33", {Gravity: "0.0x1.0"}: "gravity=0.0x1.0",
		},
		featuresPage + "#quality": {
			{Quality: cfimages.QualityHigh}: "quality=high", {Quality: cfimages.QualityMediumHigh}: "quality=medium-high",
			{Quality: cfimages.QualityMediumLow}: "quality=medium-low", {Quality: 1}: "quality=1",
			{SlowConnectionQuality: cfimages.QualityLow}: "slow-connection-quality=low",
		},
		featuresPage + "#format": {
			{Format: cfimages.FormatAVIF}: "format=avif", {Format: cfimages.FormatWebP}: "format=webp", {Format: cfimages.FormatJPEG}: "format=jpeg",
			{Format: cfimages.FormatBaselineJPEG}: "format=baseline-jpeg", {Format: cfimages.FormatJSON}: "format=json",
		},
		featuresPage + "#metadata": {
			{Metadata: cfimages.MetadataKeep}: "metadata=keep", {Metadata: cfimages.MetadataCopyright}: "metadata=copyright",
		},
		featuresPage + "#background": {
			{Background: "rgb(255 255 0)"}: "background=rgb%28255%20255%200%29", {Background: "rgba(255 255 0 100)"}: "background=rgba%28255%20255%200%20100%29",
		},
		featuresPage: {
			{Flip: cfimages.FlipBoth}: "flip=hv", {Rotate: 180}: "rotate=180", {Rotate: 270}: "rotate=270", {Blur: 1}: "blur=1", {Blur: 250}: "blur=250",
			{Sharpen: 10}: "sharpen=10", {Brightness: 2}: "brightness=2", {Saturation: new(0.0)}: "saturation=0", {Anim: new(true)}: "anim=true",
			{Gravity: cfimages.GravityFace, Zoom: 1}: "gravity=face,zoom=1",
		},
	} {
		for transform, want := range values {
			got, err := transform.Options()
			require.NoError(t, err, page)
			assert.Equal(t, want, got, page)
		}
	}
}

// fullNames returns options by their full names.
func fullNames(options []string) []string {
	short := map[string]string{"w": "width", "h": "height", "g": "gravity", "q": "quality", "scq": "slow-connection-quality", "f": "format", "face-zoom": "zoom"}
	full := make([]string, len(options))
	for i, option := range options {
		name, value, _ := strings.Cut(option, "=")
		if long, ok := short[name]; ok {
			name = long
		}
		full[i] = name + "=" + value
	}
	return full
}
