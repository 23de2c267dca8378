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
