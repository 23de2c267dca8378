package cfimages_test

import (
	"html"
	"html/template"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

func TestDeliverySrcSet(t *testing.T) {
	base := "https://imagedelivery.net/" + accountHash + "/a/"
	for name, test := range map[string]struct {
		transform cfimages.Transform
		widths    []int
		want      string
	}{
		"width alone":   {cfimages.Transform{}, []int{320}, base + "width=320 320w"},
		"narrow first":  {cfimages.Transform{Fit: cfimages.FitContain}, []int{1280, 320, 640}, base + "width=320,fit=contain 320w, " + base + "width=640,fit=contain 640w, " + base + "width=1280,fit=contain 1280w"},
		"width ignored": {cfimages.Transform{Width: 960}, []int{1, 2}, base + "width=1 1w, " + base + "width=2 2w"},
		"proportions":   {cfimages.Transform{Width: 800, Height: 600}, []int{320, 641}, base + "width=320,height=240 320w, " + base + "width=641,height=481 641w"},
		"not flat":      {cfimages.Transform{Width: 1000, Height: 1}, []int{10}, base + "width=10,height=1 10w"},
		"tall":          {cfimages.Transform{Width: 1, Height: math.MaxInt}, []int{10}, base + "width=10,height=2147483647 10w"},
	} {
		t.Run(name, func(t *testing.T) {
			given := append([]int(nil), test.widths...)
			got, err := newDelivery(t).SrcSet("a", test.transform, given...)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.widths, given, "the caller's slice stays as it is")
		})
	}
}

func TestDeliverySrcSetRejects(t *testing.T) {
	for _, test := range []struct {
		transform     cfimages.Transform
		widths        []int
		param, reason string
	}{
		{cfimages.Transform{}, nil, "widths", "is empty: give the widths to choose from"},
		{cfimages.Transform{}, []int{0}, "widths", "has a width of 0 pixels"},
		{cfimages.Transform{}, []int{-320}, "widths", "has a width of -320 pixels"},
		{cfimages.Transform{}, []int{math.MaxInt32}, "widths", "has a width of 2147483647 pixels: give widths from 1 to 2147483646"},
		{cfimages.Transform{}, []int{math.MaxInt}, "widths", "pixels: give widths from 1 to 2147483646"},
		{cfimages.Transform{}, []int{640, 320, 640}, "widths", "has 640 twice"},
		{cfimages.Transform{WidthAuto: true}, []int{320}, "WidthAuto", "its own width"},
		{cfimages.Transform{DPR: 2}, []int{320}, "DPR", "is 2, but browsers include"},
		{cfimages.Transform{DPR: 9}, []int{320}, "DPR", "is 9, but browsers include"},
		{cfimages.Transform{Height: 300}, []int{320}, "Height", "is 300 without a Width"},
		{cfimages.Transform{Width: -1, Height: 300}, []int{320}, "Width", "is -1 pixels"},
		{cfimages.Transform{OnError: cfimages.OnErrorRedirect}, []int{320}, "OnError", "for remote images only"},
	} {
		got, err := newDelivery(t).SrcSet("a", test.transform, test.widths...)
		assert.Empty(t, got)
		assertParamError(t, err, test.param, test.reason)
		assert.Equal(t, 1, strings.Count(err.Error(), "cfimages: "), "one violation: %v", err)
	}
	_, err := newDelivery(t).SrcSet("..", cfimages.Transform{Blur: -1, DPR: 2}, 5, 5, -1)
	for _, param := range []string{"imageID", "Blur", "DPR", "has 5 twice", "width of -1"} {
		assert.ErrorContains(t, err, param)
		assert.Equal(t, 1, strings.Count(err.Error(), param), "once, however many widths there are")
	}
}

var srcsetAttribute = regexp.MustCompile(`srcset="([^"]*)"`)

// html/template looks into a srcset for the commas that separate its URLs, and ours
// have commas of their own. template.Srcset says that the list needs no such look.
func TestSrcSetSurvivesHTMLTemplate(t *testing.T) {
	srcset, err := newDelivery(t).SrcSet(`x, "y" & 'z' <b>: 100% ü`, cfimages.Transform{
		Fit: cfimages.FitPad, Background: "rgb(240,40,145)", Trim: cfimages.Trim{Top: 1}, Gravity: cfimages.GravityAt(0.5, 0.25),
	}, 320, 640)
	require.NoError(t, err)
	var page strings.Builder
	tmpl := template.Must(template.New("").Parse(`<img srcset="{{.}}">`))
	require.NoError(t, tmpl.Execute(&page, template.Srcset(srcset)))
	got := html.UnescapeString(srcsetAttribute.FindStringSubmatch(page.String())[1])
	assert.Equal(t, srcset, got)

	page.Reset()
	require.NoError(t, tmpl.Execute(&page, template.URL(srcset)))
	assert.Contains(t, page.String(), "width=320%2c", "why the documentation says template.Srcset")

	var widths []string
	for candidate := range strings.SplitSeq(got, ", ") {
		link, width, ok := strings.Cut(candidate, " ")
		require.True(t, ok)
		_, err := cfimages.ParseDeliveryURL(link)
		assert.NoError(t, err)
		widths = append(widths, width)
	}
	assert.Equal(t, []string{"320w", "640w"}, widths)
}

// A delivery URL in an ordinary attribute needs no conversion.
func TestDeliveryURLSurvivesHTMLTemplate(t *testing.T) {
	link, err := newDelivery(t).Transformed(`x, "y" & 'z' <b>: 100% ü`, cfimages.Transform{Background: "rgb(240,40,145)", Trim: cfimages.Trim{Top: 1}})
	require.NoError(t, err)
	var page strings.Builder
	require.NoError(t, template.Must(template.New("").Parse(`<img src="{{.}}">`)).Execute(&page, link))
	assert.Equal(t, `<img src="`+link+`">`, html.UnescapeString(page.String()))
}
