package imagestest_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// flexible requests an image with options instead of a variant.
func flexible(t testing.TB, srv *imagestest.Server, imageID, options string) result {
	t.Helper()
	origin := strings.TrimSuffix(srv.URL(), "/client/v4")
	return do(t, srv, newRequest(t, "GET", origin+"/cdn-cgi/imagedelivery/"+imagestest.AccountHash+"/"+imageID+"/"+options, nil))
}

func TestFlexibleVariantsAreSwitchedOnAndOff(t *testing.T) {
	srv := newServer(t)
	require.Equal(t, 200, uploadImage(t, srv, "file", png, "id", "a").Status)
	off := flexible(t, srv, "a", "w=400")
	assert.Equal(t, 403, off.Status)
	assert.Equal(t, "err=9429", off.Header.Get("Cf-Resized"))

	require.Equal(t, 200, apiJSON(t, srv, "PATCH", "/images/v1/config", `{"flexible_variants":true}`).Status)
	on := flexible(t, srv, "a", "w=400")
	assert.Equal(t, 200, on.Status)
	assert.Equal(t, png, on.Body, "the uploaded file")
	assert.Empty(t, on.Header.Get("Cf-Resized"))

	require.Equal(t, 200, apiJSON(t, srv, "PATCH", "/images/v1/config", `{"flexible_variants":false}`).Status)
	assert.Equal(t, 403, flexible(t, srv, "a", "w=400").Status)
}

func TestFlexibleVariantsBelongToAnAccount(t *testing.T) {
	srv := newServer(t)
	srv.Account("other").AddImages(imagesNamed("a")...)
	apiJSON(t, srv, "PATCH", "/images/v1/config", `{"flexible_variants":true}`)
	theirs := strings.Replace(srv.Account("other").Images()[0].Variants[0], "/public", "/w=400", 1)
	assert.Equal(t, "err=9429", do(t, srv, newRequest(t, "GET", theirs, nil)).Header.Get("Cf-Resized"))
}

func TestFlexibleVariantsAreNotForPrivateImages(t *testing.T) {
	srv := newServer(t, imagestest.WithFlexibleVariants())
	srv.AddImages(cfimages.Image{ID: "a", RequireSignedURLs: true})
	plain := strings.Replace(srv.Images()[0].Variants[0], "/public", "/w=400", 1)
	for _, url := range []string{plain, sign(t, imagestest.SigningKey, plain)} {
		resp := do(t, srv, newRequest(t, "GET", url, nil))
		assert.Equal(t, 403, resp.Status)
		assert.Equal(t, "An image that requires signed URLs cannot be delivered with options", resp.message())
	}
}

func TestCfResizedOfErrors(t *testing.T) {
	srv := newServer(t, imagestest.WithFlexibleVariants())
	srv.AddImages(cfimages.Image{ID: "a"}, cfimages.Image{ID: "draft", Draft: true})
	for _, test := range []struct {
		id, last, resized string
		status            int
	}{
		{"a", "public", "", 200},
		{"a", "w=400", "", 200},
		{"a", "w=0", "err=9401", 400},
		{"unknown", "w=0", "err=9401", 400},
		{"unknown", "w=400", "err=9404", 404},
		{"unknown", "public", "err=9404", 404},
		{"draft", "w=400", "err=9404", 404},
		{"a", "hero", "err=9404", 404},
		{"a", "w%3D400", "err=9404", 404},
	} {
		resp := flexible(t, srv, test.id, test.last)
		assert.Equal(t, test.status, resp.Status, test)
		assert.Equal(t, test.resized, resp.Header.Get("Cf-Resized"), test)
	}
	other := strings.Replace(srv.Images()[0].Variants[0], imagestest.AccountHash, "other", 1)
	assert.Equal(t, "err=9404", do(t, srv, newRequest(t, "GET", other, nil)).Header.Get("Cf-Resized"))
}

func TestAVariantWhoseNameLooksLikeOptions(t *testing.T) {
	srv := newServer(t, imagestest.WithVariants(imagestest.Variant{Name: "w=400"}))
	srv.AddImages(imagesNamed("a")...)
	assert.Equal(t, 200, flexible(t, srv, "a", "w=400").Status)
}

func TestValidOptions(t *testing.T) {
	srv := newServer(t, imagestest.InMemory(), imagestest.WithFlexibleVariants())
	srv.AddImages(imagesNamed("a/b c")...)
	for _, options := range []string{
		"width=1", "w=auto", "height=100000", "h=0010", "w=400,sharpen=3", "dpr=2", "dpr=0.5,w=1", "upscale=generate", "upscale=interpolate",
		"fit=scale-down", "fit=contain", "fit=cover", "fit=crop", "fit=aspect-crop", "fit=pad", "fit=squeeze",
		"gravity=auto", "g=face", "g=left", "g=right", "g=top", "g=bottom", "gravity=0.5x0.33", "g=0x1.0", "gravity=face,zoom=0.5", "face-zoom=1,g=face",
		"quality=1", "q=100", "q=high", "q=medium-high", "q=medium-low", "q=low", "slow-connection-quality=50", "scq=low",
		"format=auto", "f=avif", "f=webp", "f=jpeg", "f=baseline-jpeg", "f=json", "anim=true", "anim=false",
		"background=%23f02891", "background=red", "background=rgb%28240%2C40%2C145%29", "background=hsl(0%20100%25%2050%25)", "background=%23abcd", "background=color-mix(in%20srgb%2C%20red%2C%20blue)",
		"blur=1", "blur=250", "sharpen=0", "sharpen=0.5", "sharpen=10", "brightness=0.5", "contrast=0", "gamma=2", "saturation=0", "saturation=.5",
		"rotate=90", "rotate=180", "rotate=270", "flip=h", "flip=v", "flip=hv", "trim=1;2;3;4", "trim.width=10,trim.height=5,trim.left=0,trim.top=2",
		"metadata=copyright", "metadata=keep", "metadata=none", "compression=fast", "segment=foreground",
	} {
		assert.Equal(t, 200, flexible(t, srv, "a/b%20c", options).Status, options)
	}
}

func TestBadOptions(t *testing.T) {
	srv := newServer(t, imagestest.InMemory(), imagestest.WithFlexibleVariants())
	srv.AddImages(imagesNamed("a")...)
	for options, problem := range map[string]string{
		"=":                         "unknown option ''",
		"w=400,":                    "unknown option ''",
		",w=400":                    "unknown option ''",
		"w=400,public":              "unknown option 'public'",
		"widht=400":                 "unknown option 'widht'",
		"W=400":                     "unknown option 'W'",
		"onerror=redirect":          "unknown option 'onerror'",
		"w=":                        "'width' cannot be ''",
		"w=1.5":                     "'width' cannot be '1.5'",
		"w=-1":                      "'width' cannot be '-1'",
		"w=400=5":                   "'width' cannot be '400=5'",
		"h=auto":                    "'height' cannot be 'auto'",
		"w=400,width=400":           "'width' is given more than once",
		"fit=fill":                  "'fit' cannot be 'fill'",
		"g=2x0":                     "'gravity' cannot be '2x0'",
		"g=0.5":                     "'gravity' cannot be '0.5'",
		"g=x":                       "'gravity' cannot be 'x'",
		"zoom=0.5":                  "'zoom' needs 'gravity=face'",
		"zoom=0.5,g=auto":           "'zoom' needs 'gravity=face'",
		"zoom=2,g=face":             "'zoom' cannot be '2'",
		"q=0":                       "'quality' cannot be '0'",
		"q=101":                     "'quality' cannot be '101'",
		"q=8.5":                     "'quality' cannot be '8.5'",
		"f=png":                     "'format' cannot be 'png'",
		"dpr=0":                     "'dpr' cannot be '0'",
		"dpr=2.1":                   "'dpr' cannot be '2.1'",
		"dpr=1e0":                   "'dpr' cannot be '1e0'",
		"anim=1":                    "'anim' cannot be '1'",
		"blur=0":                    "'blur' cannot be '0'",
		"blur=251":                  "'blur' cannot be '251'",
		"sharpen=10.5":              "'sharpen' cannot be '10.5'",
		"gamma=NaN":                 "'gamma' cannot be 'NaN'",
		"contrast=.":                "'contrast' cannot be '.'",
		"contrast=1.2.3":            "'contrast' cannot be '1.2.3'",
		"rotate=45":                 "'rotate' cannot be '45'",
		"trim=1;2;3":                "'trim' cannot be '1;2;3'",
		"trim=1;2;3;x":              "'trim' cannot be '1;2;3;x'",
		"trim.width=0":              "'trim.width' cannot be '0'",
		"trim.right=1":              "unknown option 'trim.right'",
		"background=rgb(240,40,1)":  "'background' cannot be 'rgb(240'",
		"background=%23f0":          "'background' cannot be '%23f0'",
		"background=%23gggggg":      "'background' cannot be '%23gggggg'",
		"background=rgb%28240%2C40": "'background' cannot be 'rgb%28240%2C40'",
		"background=":               "'background' cannot be ''",
	} {
		resp := flexible(t, srv, "a", options)
		assert.Equal(t, 400, resp.Status, options)
		assert.Equal(t, "Invalid options: "+problem, resp.message(), options)
		assert.Equal(t, "err=9401", resp.Header.Get("Cf-Resized"), options)
	}
}

// TestOptionsOfTheLibraryAreDelivered checks the encoder of the library against the parser
// of the server.
func TestOptionsOfTheLibraryAreDelivered(t *testing.T) {
	srv := newServer(t, imagestest.WithFlexibleVariants())
	srv.AddImages(imagesNamed("a/100% ü")...)
	delivery := srv.Delivery()
	var deliveryURLs []string
	for _, transform := range []cfimages.Transform{
		{
			Width: 400, Height: 300, Fit: cfimages.FitCrop, Gravity: cfimages.GravityFace, Zoom: 0.25, Upscale: cfimages.UpscaleGenerate, DPR: 1.5,
			Trim: cfimages.Trim{Top: 1, Left: 4}, Rotate: 270, Flip: cfimages.FlipBoth, Background: "rgb(240, 40%, 145, 0.5)", Segment: cfimages.SegmentForeground,
			Blur: 250, Sharpen: 9.5, Brightness: 0.001, Contrast: 1e6, Gamma: 2, Saturation: new(0.0), Quality: cfimages.QualityMediumHigh,
			SlowConnectionQuality: 100, Format: cfimages.FormatBaselineJPEG, Anim: new(false), Metadata: cfimages.MetadataNone, Compression: cfimages.CompressionFast,
		},
		{WidthAuto: true, Gravity: cfimages.GravityAt(0.125, 1), Fit: cfimages.FitScaleUp, Background: "#f02891", Trim: cfimages.Trim{Width: 5, Height: 6, Left: 1}},
		{Quality: cfimages.QualityLow, Format: cfimages.FormatJSON, Anim: new(true), Saturation: new(1.5)},
	} {
		url, err := delivery.Transformed("a/100% ü", transform)
		require.NoError(t, err)
		deliveryURLs = append(deliveryURLs, url)
	}
	public, err := delivery.URL("a/100% ü", "public")
	require.NoError(t, err)
	assert.Equal(t, srv.Images()[0].Variants[0], public)
	for _, url := range append(deliveryURLs, public) {
		resp := do(t, srv, newRequest(t, "GET", url, nil))
		assert.Equal(t, 200, resp.Status, "%s: %s", url, resp.Body)
	}
	parsed, err := cfimages.ParseDeliveryURL(srv.Images()[0].Variants[0])
	require.NoError(t, err)
	assert.Equal(t, &cfimages.DeliveryURL{AccountHash: imagestest.AccountHash, ImageID: "a/100% ü", Variant: "public"}, parsed)
}

// FuzzOptions parses arbitrary options: the server delivers the image or rejects the options.
func FuzzOptions(f *testing.F) {
	f.Add("w=400,h=300,fit=cover,g=0.5x0.33")
	f.Add("background=rgb%28240%2C40%2C145%29,trim=1;2;3;4")
	f.Add("q=medium-high,dpr=1.5,=,,%zz")
	f.Add("w=99999999999999999999999,blur=0.1e5")
	srv := newServer(f, imagestest.InMemory(), imagestest.WithFlexibleVariants())
	srv.AddImages(imagesNamed("a")...)
	base := "/cdn-cgi/imagedelivery/" + imagestest.AccountHash + "/a/"
	f.Fuzz(func(t *testing.T, options string) {
		u, err := url.Parse(base + options)
		if err != nil || !strings.Contains(options, "=") || strings.ContainsAny(options, "/?#") {
			return
		}
		if strings.Contains(strings.TrimPrefix(u.EscapedPath(), base), "/") {
			return // net/url unescapes %2F beside a byte that is not escaped: these are two segments
		}
		req := httptest.NewRequest("GET", "/", nil)
		req.URL = u
		recorder := httptest.NewRecorder()
		srv.Handler().ServeHTTP(recorder, req)
		if recorder.Code == 200 {
			require.Empty(t, recorder.Header().Get("Cf-Resized"))
			return
		}
		require.Equal(t, 400, recorder.Code)
		require.Equal(t, "err=9401", recorder.Header().Get("Cf-Resized"))
	})
}
