package cfimages_test

import (
	"fmt"
	"html/template"
	"log"
	"os"

	"github.com/cfimages/cfimages-go"
)

func ExampleDelivery() {
	delivery, err := cfimages.NewDelivery("ZWd9g1K7eljCn_KDTu_MWA")
	if err != nil {
		log.Fatal(err)
	}
	public, err := delivery.URL("tenants/42/100% cat.png", "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(public)

	// On a domain of the account's own, and changed on the way.
	own, err := delivery.OnDomain("img.example.com")
	if err != nil {
		log.Fatal(err)
	}
	square, err := own.Transformed("tenants/42/100% cat.png", cfimages.Transform{
		Width: 400, Height: 400, Fit: cfimages.FitCover, Gravity: cfimages.GravityFace,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(square)
	// Output:
	// https://imagedelivery.net/ZWd9g1K7eljCn_KDTu_MWA/tenants/42/100%25%20cat.png/public
	// https://img.example.com/cdn-cgi/imagedelivery/ZWd9g1K7eljCn_KDTu_MWA/tenants/42/100%25%20cat.png/width=400,height=400,fit=cover,gravity=face
}

// An img element from which browsers load the width that fits their screen. The
// list of its URLs is a template.Srcset.
func ExampleDelivery_SrcSet() {
	page := template.Must(template.New("page").Parse(`<img src="{{.Src}}"
  srcset="{{.SrcSet}}"
  sizes="(max-width: 640px) 100vw, 640px" alt="A cat">`))

	delivery, err := cfimages.NewDelivery("hash")
	if err != nil {
		log.Fatal(err)
	}
	photo := cfimages.Transform{Width: 640, Height: 480, Fit: cfimages.FitCrop} // 4:3
	src, err := delivery.Transformed("cat", photo)
	if err != nil {
		log.Fatal(err)
	}
	srcset, err := delivery.SrcSet("cat", photo, 640, 1280)
	if err != nil {
		log.Fatal(err)
	}

	err = page.Execute(os.Stdout, struct {
		Src    string
		SrcSet template.Srcset
	}{src, template.Srcset(srcset)})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <img src="https://imagedelivery.net/hash/cat/width=640,height=480,fit=crop"
	//   srcset="https://imagedelivery.net/hash/cat/width=640,height=480,fit=crop 640w, https://imagedelivery.net/hash/cat/width=1280,height=960,fit=crop 1280w"
	//   sizes="(max-width: 640px) 100vw, 640px" alt="A cat">
}

// The URLs of an image that the API returns say the account hash.
func ExampleParseDeliveryURL() {
	stored := "https://imagedelivery.net/ZWd9g1K7eljCn_KDTu_MWA/tenants/42/100%25%20cat.png/public?exp=4102444800&sig=d6dd"
	parsed, err := cfimages.ParseDeliveryURL(stored)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(parsed.AccountHash)
	fmt.Println(parsed.ImageID) // for ImagesV1.Get or ImagesV1.Delete
	fmt.Println(parsed.Variant)
	// Output:
	// ZWd9g1K7eljCn_KDTu_MWA
	// tenants/42/100% cat.png
	// public
}

func ExampleRemoteURL() {
	small := cfimages.Transform{Width: 80, Quality: 75, OnError: cfimages.OnErrorRedirect}
	for _, source := range []string{"/uploads/avatar1.jpg", "https://s3.example.com/bucket/image.png"} {
		link, err := cfimages.RemoteURL("example.com", source, small)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(link)
	}
	// Output:
	// https://example.com/cdn-cgi/image/width=80,quality=75,onerror=redirect/uploads/avatar1.jpg
	// https://example.com/cdn-cgi/image/width=80,quality=75,onerror=redirect/https://s3.example.com/bucket/image.png
}

func ExampleTransform_Options() {
	options, err := cfimages.Transform{
		Width:      400,
		Gravity:    cfimages.GravityAt(0.5, 0.33),
		Background: "#f02891",
		Saturation: new(0.0), // gray; nil would leave the colors as they are
		Quality:    cfimages.QualityMediumHigh,
		Anim:       new(false),
	}.Options()
	fmt.Println(options, err)

	_, err = cfimages.Transform{Width: 400, Zoom: 2}.Options()
	fmt.Println(err)
	// Output:
	// width=400,gravity=0.5x0.33,background=%23f02891,saturation=0,quality=medium-high,anim=false <nil>
	// cfimages: Zoom: is 2, only numbers from 0 to 1 are allowed, or 0 to leave it out
	// cfimages: Zoom: requires GravityFace: set Gravity to GravityFace, or leave Zoom out
}
