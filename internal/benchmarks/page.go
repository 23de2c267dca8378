package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
)

const (
	imagesPerPage = 1000
	account       = "023e105f4ecef8ad9ca31a8372d0c353"
)

// page is the response to a list. Only its token differs from page to page.
type page struct{ beforeToken, afterToken []byte }

// newPage prepares 1000 images like the one in the API reference, with metadata
// of 60 to 100 bytes: 544 KB. They are always the same.
func newPage() page {
	random := newRandom()
	var images bytes.Buffer
	for i := range imagesPerPage {
		if i > 0 {
			images.WriteByte(',')
		}
		writeImage(&images, random, i)
	}
	return page{
		beforeToken: []byte(`{"errors":[],"messages":[],"result":{"continuation_token":`),
		afterToken:  fmt.Appendf(nil, `,"images":[%s]},"success":true}`, images.Bytes()),
	}
}

// withToken returns the page that names next as the token of the page after it,
// 0 as none.
func (p page) withToken(next int) (head, tail []byte) {
	head = append(head, p.beforeToken...)
	if next == 0 {
		return append(head, "null"...), p.afterToken
	}
	return append(head, strconv.Quote(strconv.Itoa(next))...), p.afterToken
}

// whole returns the page that is the last one.
func (p page) whole() []byte {
	head, tail := p.withToken(0)
	return append(head, tail...)
}

// newRandom returns a source of always the same numbers.
func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func writeImage(out *bytes.Buffer, random *rand.Rand, i int) {
	id, creator := uuid(random), uuid(random)
	status := []string{"active", "pending", "deleted", "flagged"}[random.IntN(4)]
	region := []string{"eu-west", "us-east", "ap-southeast"}[random.IntN(3)]
	fmt.Fprintf(out, `{"id":%q,"creator":%q,"filename":"logo-%d.png",`, id, creator, i)
	fmt.Fprintf(out, `"meta":{"status":%q,"priority":%d,"region":{"name":%q},"order":%d},`,
		status, random.IntN(10), region, random.IntN(1000))
	fmt.Fprintf(out, `"requireSignedURLs":%t,"uploaded":"2026-01-%02dT02:20:%02d.%03dZ","variants":[`,
		random.IntN(2) == 0, 1+random.IntN(28), random.IntN(60), random.IntN(1000))
	for n, variant := range []string{"thumbnail", "hero", "original"} {
		if n > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, `"https://imagedelivery.net/MTt4OTd0b0w5aj/%s/%s"`, id, variant)
	}
	out.WriteString("]}")
}

func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}
