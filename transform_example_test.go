package cfimages_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/cfimages/cfimages-go"
)

// The fields that are zero are left out. Saturation and Anim are pointers, because 0 and
// false have a meaning.
func ExampleTransform() {
	options, err := cfimages.Transform{
		Width:      400,
		Gravity:    cfimages.GravityAt(0.5, 0.33),
		Background: "#f02891",
		Saturation: new(0.0), // gray
		Quality:    cfimages.QualityMediumHigh,
		Anim:       new(false),
	}.Options()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(options)
	// Output: width=400,gravity=0.5x0.33,background=%23f02891,saturation=0,quality=medium-high,anim=false
}

// Check a Transform. Every invalid field is a *ParamError.
func ExampleTransform_Options() {
	_, err := cfimages.Transform{Width: 400, Blur: 300}.Options()
	invalid, ok := errors.AsType[*cfimages.ParamError](err)
	fmt.Println(ok, invalid.Param)
	// Output: true Blur
}

// Keep the upper third of an image in its middle.
func ExampleGravityAt() {
	options, err := cfimages.Transform{Width: 400, Height: 100, Fit: cfimages.FitCover, Gravity: cfimages.GravityAt(0.5, 0.33)}.Options()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(options)
	// Output: width=400,height=100,fit=cover,gravity=0.5x0.33
}

// Remove the same frame from all pictures of a scanner, or keep a rectangle.
func ExampleTrim() {
	for _, trim := range []cfimages.Trim{
		{Top: 20, Right: 10, Bottom: 20, Left: 10},
		{Left: 10, Top: 20, Width: 600, Height: 400},
	} {
		options, err := cfimages.Transform{Trim: trim}.Options()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(options)
	}
	// Output:
	// trim=20;10;20;10
	// trim.width=600,trim.height=400,trim.left=10,trim.top=20
}

// A number is the same for all images. With a level, Cloudflare chooses the number for
// each image.
func ExampleQuality() {
	for _, quality := range []cfimages.Quality{85, cfimages.QualityHigh} {
		options, err := cfimages.Transform{Quality: quality}.Options()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(options)
	}
	// Output:
	// quality=85
	// quality=high
}
