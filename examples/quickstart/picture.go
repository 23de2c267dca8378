package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// picture returns the i-th picture, a PNG with a gradient.
func picture(i int) *bytes.Buffer {
	const side = 32
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetNRGBA(x, y, color.NRGBA{R: uint8(8 * x), G: uint8(8 * y), B: uint8(9 * i), A: 255})
		}
	}
	buf := new(bytes.Buffer)
	png.Encode(buf, img) // writing to a Buffer never fails
	return buf
}
