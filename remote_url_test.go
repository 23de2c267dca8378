package cfimages_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

func TestRemoteURL(t *testing.T) {
	for _, test := range []struct {
		source, want string
		transform    cfimages.Transform
	}{
		// https://developers.cloudflare.com/images/transform-images/transform-via-url/
		{"/uploads/avatar1.jpg", "width=80,quality=75/uploads/avatar1.jpg", cfimages.Transform{Width: 80, Quality: 75}},
		{"https://s3.example.com/bucket/image.png", "width=100/https://s3.example.com/bucket/image.png", cfimages.Transform{Width: 100}},
		// https://developers.cloudflare.com/images/optimization/make-responsive-images/
		{"/assets/hero.jpg", "format=auto/assets/hero.jpg", cfimages.Transform{Format: cfimages.FormatAuto}},
		{"/img.php?id=3&v=http://x", "width=1/img.php?id=3&v=http://x", cfimages.Transform{Width: 1}},
		{"/a%20b%3F%23/100%25.jpg", "width=1/a%20b%3F%23/100%25.jpg", cfimages.Transform{Width: 1}},
		{"/a//b/'(c)'.jpg", "width=1/a//b/'(c)'.jpg", cfimages.Transform{Width: 1}},
		{"http://old.example.com:8080?id=1", "width=1/http://old.example.com:8080?id=1", cfimages.Transform{Width: 1}},
		{"HTTPS://S3.example.com/A.jpg", "width=1/https://S3.example.com/A.jpg", cfimages.Transform{Width: 1}},
		{"Http://old.example.com?u=HTTP://x", "width=1/http://old.example.com?u=HTTP://x", cfimages.Transform{Width: 1}},
		{"https://example.com/a.jpg", "width=1/https://example.com/a.jpg", cfimages.Transform{Width: 1}},
		{"https://b.example/cdn-cgi/image/w=5/a.jpg", "width=1/https://b.example/cdn-cgi/image/w=5/a.jpg", cfimages.Transform{Width: 1}},
		{"/x.jpg", "width=1,onerror=redirect/x.jpg", cfimages.Transform{Width: 1, OnError: cfimages.OnErrorRedirect}},
		{"/x/https://y.jpg", "width=1/x/https://y.jpg", cfimages.Transform{Width: 1}},
	} {
		got, err := cfimages.RemoteURL("example.com", test.source, test.transform)
		require.NoError(t, err)
		assert.Equal(t, "https://example.com/cdn-cgi/image/"+test.want, got)
	}
}

func TestRemoteURLZones(t *testing.T) {
	for zone, origin := range goodHosts {
		got, err := cfimages.RemoteURL(zone, "/a.jpg", cfimages.Transform{Width: 1})
		require.NoError(t, err)
		assert.Equal(t, origin+"/cdn-cgi/image/width=1/a.jpg", got)
	}
	for zone, reason := range badHosts {
		got, err := cfimages.RemoteURL(zone, "/a.jpg", cfimages.Transform{Width: 1})
		assert.Empty(t, got)
		assertParamError(t, err, "zone", reason)
	}
}

func TestRemoteURLRejectsSources(t *testing.T) {
	for source, reason := range map[string]string{
		"":                                  "neither a path nor a URL",
		"uploads/a.jpg":                     "neither a path nor a URL",
		"//cdn.example.com/a.jpg":           "neither a path nor a URL",
		"ftp://example.com/a.jpg":           "neither a path nor a URL",
		"HTTPS:/example.com/a.jpg":          "neither a path nor a URL",
		"data:image/png;base64,AAAA":        "neither a path nor a URL",
		"/":                                 "is not the path of an image",
		"https://":                          "has no host",
		"https:///a.jpg":                    "has no host",
		"https://:443/a.jpg":                "has no host",
		"/my photo.jpg":                     "percent-escape it",
		"/Käse.jpg":                         "percent-escape it",
		"/a\n.jpg":                          "percent-escape it",
		`/a\..\b.jpg`:                       "percent-escape it",
		`/a.jpg?q="x"`:                      "percent-escape it",
		"/100%.jpg":                         "write a percent sign that belongs to a name as %25",
		"/a.jpg#top":                        "has a fragment",
		"/a.jpg#":                           "has a fragment",
		"https://user:pass@example.com/a":   "has a user name or password",
		"HTTPS://user:pass@example.com/a":   "has a user name or password",
		"/../../evil.jpg":                   "browsers resolve",
		"/a/%2e%2E/b.jpg":                   "browsers resolve",
		"https://example.com/./a.jpg":       "browsers resolve",
		"/https://evil.example/a.jpg":       "would be read as the URL of another host",
		"/HTTP:/evil.example/a.jpg":         "would be read as the URL of another host",
		"/%68ttps://evil.example/a.jpg":     "would be read as the URL of another host",
		"/cdn-cgi/image/width=5/a.jpg":      "is already transformed",
		"/a.jpg?canary=" + "\x7f" + "token": "percent-escape it",
	} {
		got, err := cfimages.RemoteURL("example.com", source, cfimages.Transform{Width: 1})
		assert.Empty(t, got)
		assertParamError(t, err, "source", reason)
	}
}

func TestRemoteURLRejectsURLsThatTheZoneTransforms(t *testing.T) {
	for _, zone := range []string{"example.com", "Example.COM", "example.com:8443"} {
		for _, source := range []string{
			"https://example.com/cdn-cgi/image/width=5/a.jpg",
			"HTTP://EXAMPLE.com:443/cdn-cgi/image/width=5/a.jpg",
			"https://example.com/cdn%2Dcgi/image/width=5/https://b.example/a.jpg",
		} {
			_, err := cfimages.RemoteURL(zone, source, cfimages.Transform{Width: 1})
			assertParamError(t, err, "source", "is already transformed")
		}
	}
	_, err := cfimages.RemoteURL("", "https://example.com/cdn-cgi/image/width=5/a.jpg", cfimages.Transform{Width: 1})
	assertParamError(t, err, "zone", "is empty")
}

func TestRemoteURLReportsEveryViolation(t *testing.T) {
	_, err := cfimages.RemoteURL("", "a", cfimages.Transform{Width: -1, Blur: -1})
	for _, param := range []string{"zone", "source", "Width", "Blur"} {
		assert.ErrorContains(t, err, "cfimages: "+param+": ")
	}
}
