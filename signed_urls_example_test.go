package cfimages_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cfimages/cfimages-go"
)

// A program reads the key from its secrets. SigningKey.Signer is for a key that a call
// returned.
func ExampleNewURLSigner() {
	signer, err := cfimages.NewURLSigner("test-signing-key-1")
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signer.Sign("https://imagedelivery.net/hash/cat/public", time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signer.Verify(signed, time.Now()))
	// Output: <nil>
}

func ExampleURLSigner_Sign() {
	signer, err := cfimages.NewURLSigner("test-signing-key-1")
	if err != nil {
		log.Fatal(err)
	}
	expires := time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
	signed, err := signer.Sign("https://imagedelivery.net/h/100%25/public?w=640", expires)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signed)
	// Output: https://imagedelivery.net/h/100%25/public?w=640&exp=4102444800&sig=d6dd84c607c389ebb534ffb72bac9c44d4a9807400cbc8946c87c14e9285781c
}

func ExampleURLSigner_Verify() {
	signer, err := cfimages.NewURLSigner("test-signing-key-1")
	if err != nil {
		log.Fatal(err)
	}
	expires := time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
	signed, err := signer.Sign("https://imagedelivery.net/hash/cat/public", expires)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(signer.Verify(signed, expires.Add(-time.Minute)))
	fmt.Println(errors.Is(signer.Verify(signed, expires.Add(time.Minute)), cfimages.ErrURLExpired))
	fmt.Println(errors.Is(signer.Verify(signed+"0", expires.Add(-time.Minute)), cfimages.ErrSignatureInvalid))
	// Output:
	// <nil>
	// true
	// true
}
