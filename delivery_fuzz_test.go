package cfimages_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// FuzzParseDeliveryURL: what a URL says makes a URL that says the same, and that is
// made again from what it says, byte by byte.
func FuzzParseDeliveryURL(f *testing.F) {
	f.Add("https://imagedelivery.net/h/083eb7b2-5392-4565-b69e-aff66acddd00/public?exp=1&sig=2")
	f.Add("https://img.example.com/cdn-cgi/imagedelivery/h/a/b%20%c3%bc/w=400,sharpen=3")
	f.Add("http://[::1]:8787/cdn-cgi/imagedelivery/h/100%25/background=%23f02891,trim=1;2;3;4")
	f.Add("https://imagedelivery.net/h/a%2Fb/[!'()*];:@&$,+")
	f.Fuzz(func(t *testing.T, rawURL string) {
		parsed, err := cfimages.ParseDeliveryURL(rawURL)
		if err != nil {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}
		delivery, err := cfimages.NewDelivery(parsed.AccountHash)
		require.NoError(t, err)
		if strings.Contains(rawURL, "/cdn-cgi/imagedelivery/"+parsed.AccountHash) {
			delivery, err = delivery.OnDomain("img.example.com")
			require.NoError(t, err)
		}
		built, err := delivery.URL(parsed.ImageID, parsed.Variant)
		require.NoError(t, err)
		again, err := cfimages.ParseDeliveryURL(built)
		require.NoError(t, err)
		require.Equal(t, parsed, again)

		rebuilt, err := delivery.URL(again.ImageID, again.Variant)
		require.NoError(t, err)
		assert.Equal(t, built, rebuilt)
	})
}

// FuzzDeliveryURL: a URL says what it was made of, and every client sends it as it
// is.
func FuzzDeliveryURL(f *testing.F) {
	f.Add("ZWd9g1K7eljCn_KDTu_MWA", "083eb7b2-5392-4565-b69e-aff66acddd00", "public", "")
	f.Add("h", "tenants/42/100% ü?#.png", "w=400,sharpen=3", "img.example.com")
	f.Add("-", `a\..\b"'<c>`, "%3D ü", "http://127.0.0.1:8787")
	f.Fuzz(func(t *testing.T, hash, imageID, variant, host string) {
		delivery, err := cfimages.NewDelivery(hash)
		if err == nil && host != "" {
			delivery, err = delivery.OnDomain(host)
		}
		var built string
		if err == nil {
			built, err = delivery.URL(imageID, variant)
		}
		if err != nil {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}
		requireSentAsIs(t, built)
		parsed, err := cfimages.ParseDeliveryURL(built)
		require.NoError(t, err)
		assert.Equal(t, &cfimages.DeliveryURL{AccountHash: hash, ImageID: imageID, Variant: variant}, parsed)
	})
}

// FuzzTransform: options are a list that URLs can have, and name nothing twice.
func FuzzTransform(f *testing.F) {
	f.Add(400, 300, 85, 1.5, 0.5, 0.25, "cover", "red")
	f.Add(0, -1, -2, 0.0, 1e-300, 1e300, "", "rgb(240 40 145 / 50%)")
	f.Add(1, 0, 101, 0.0, 2.0, 1.0, "aspect-crop", "%23f02891,width=5/../")
	f.Fuzz(func(t *testing.T, width, height, quality int, dpr, x, y float64, fit, background string) {
		transform := cfimages.Transform{
			Width: width, Height: height, Quality: cfimages.Quality(quality), DPR: dpr, Gravity: cfimages.GravityAt(x, y), Brightness: x,
			Saturation: &y, Fit: cfimages.Fit(fit), Background: background, Trim: cfimages.Trim{Left: height, Width: width, Bottom: quality},
		}
		options, err := transform.Options()
		if err != nil {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}
		names := make(map[string]bool)
		for option := range strings.SplitSeq(options, ",") {
			name, _, _ := strings.Cut(option, "=")
			require.False(t, names[name], "%s is there twice: %s", name, options)
			names[name] = true
		}
		delivery := newDelivery(t)
		link, err := delivery.URL("i", options)
		require.NoError(t, err)
		requireSentAsIs(t, link)
		transformed, err := delivery.Transformed("i", transform)
		require.NoError(t, err)
		assert.Equal(t, link, transformed)
	})
}

// FuzzRemoteURL: the source stands at the end of the URL, which every client sends
// as it is.
func FuzzRemoteURL(f *testing.F) {
	f.Add("example.com", "/uploads/avatar1.jpg?v=1")
	f.Add("http://localhost:1", "https://s3.example.com/a%20b.png?x=[1]&y='z'")
	f.Add("example.com", "/https:/x/../a b.jpg")
	f.Add("a.example", "HTTPS://A.example/cdn-cgi/image/width=5/a.jpg")
	f.Fuzz(func(t *testing.T, zone, source string) {
		built, err := cfimages.RemoteURL(zone, source, cfimages.Transform{Width: 5})
		if err != nil {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}
		if scheme, rest, ok := strings.Cut(source, "://"); ok && !strings.HasPrefix(source, "/") {
			source = strings.ToLower(scheme) + "://" + rest
		}
		rest, ok := strings.CutSuffix(built, "/cdn-cgi/image/width=5/"+strings.TrimPrefix(source, "/"))
		require.True(t, ok, built)
		u, err := url.Parse(rest)
		require.NoError(t, err)
		assert.Equal(t, rest, u.Scheme+"://"+u.Host)
		requireSentAsIs(t, built)
	})
}

// requireSentAsIs checks that nothing in the URL is escaped, resolved or left out by
// clients.
func requireSentAsIs(t *testing.T, rawURL string) {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	require.Nil(t, u.User)
	require.Equal(t, rawURL, u.String())
	require.Equal(t, rawURL, new(url.URL).ResolveReference(u).String(), "dot segments")
	require.NotContains(t, rawURL, "#")
	for _, c := range []byte(rawURL) {
		require.True(t, ' ' < c && c <= '~' && !strings.ContainsRune("\"<>\\^`{|}", rune(c)), "%q in %q", c, rawURL)
	}
}
