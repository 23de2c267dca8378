package cfimages_test

import (
	"fmt"
	"html/template"
	"log"
	"os"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

func ExampleNewDelivery() {
	delivery, err := cfimages.NewDelivery("ZWd9g1K7eljCn_KDTu_MWA") // the account hash, not the account ID
	if err != nil {
		log.Fatal(err)
	}
	link, err := delivery.URL("beach", "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://imagedelivery.net/ZWd9g1K7eljCn_KDTu_MWA/beach/public
}

// Get the account hash from a delivery URL of any image of the account.
func ExampleNewDelivery_accountHash() {
	server := imagestest.NewServer(imagestest.InMemory())
	defer server.Close()
	server.AddImages(cfimages.Image{ID: "beach"})

	parsed, err := cfimages.ParseDeliveryURL(server.Images()[0].Variants[0])
	if err != nil {
		log.Fatal(err)
	}
	if _, err := cfimages.NewDelivery(parsed.AccountHash); err != nil {
		log.Fatal(err)
	}
	fmt.Println(parsed.AccountHash)
	// Output: TestHash-TestHash-Test
}

// Serve images from a domain of the account.
func ExampleDelivery_OnDomain() {
	delivery, err := cfimages.NewDelivery("hash")
	if err != nil {
		log.Fatal(err)
	}
	delivery, err = delivery.OnDomain("img.example.com")
	if err != nil {
		log.Fatal(err)
	}
	link, err := delivery.URL("beach", "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://img.example.com/cdn-cgi/imagedelivery/hash/beach/public
}

// A custom ID is given as the API returns it. URL escapes it.
func ExampleDelivery_URL() {
	delivery, err := cfimages.NewDelivery("hash")
	if err != nil {
		log.Fatal(err)
	}
	link, err := delivery.URL("tenants/42/100% cat.png", "public")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://imagedelivery.net/hash/tenants/42/100%25%20cat.png/public
}

// Show an image as a square around the faces in it. Flexible variants must be enabled
// for the account; see Variants.SetFlexible.
func ExampleDelivery_Transformed() {
	delivery, err := cfimages.NewDelivery("hash")
	if err != nil {
		log.Fatal(err)
	}
	link, err := delivery.Transformed("team", cfimages.Transform{
		Width:   400,
		Height:  400,
		Fit:     cfimages.FitCover,
		Gravity: cfimages.GravityFace,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link)
	// Output: https://imagedelivery.net/hash/team/width=400,height=400,fit=cover,gravity=face
}

// Write an img element with html/template. The browser loads the width that fits its
// screen. The value of srcset must be a template.Srcset.
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

// Delete the image that a stored delivery URL shows.
func ExampleParseDeliveryURL() {
	stored := "https://imagedelivery.net/ZWd9g1K7eljCn_KDTu_MWA/tenants/42/100%25%20cat.png/public"
	parsed, err := cfimages.ParseDeliveryURL(stored)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(parsed.AccountHash)
	fmt.Println(parsed.ImageID) // for ImagesV1.Delete
	fmt.Println(parsed.Variant)
	// Output:
	// ZWd9g1K7eljCn_KDTu_MWA
	// tenants/42/100% cat.png
	// public
}

// Show an image that is stored elsewhere, on the zone or on another host.
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
