package imagestest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
)

// Limits of the size of an image in pixels, from Cloudflare's developer documentation.
const (
	maxSide = 12_000
	maxArea = 100_000_000
)

// checkDimensions rejects a PNG, JPEG, GIF or WebP with too many pixels. It accepts other
// formats, and files that only begin like an image, because tests often use them.
func checkDimensions(data []byte, contentType string) error {
	var size image.Config
	switch contentType {
	case "image/png":
		size, _ = png.DecodeConfig(bytes.NewReader(data))
	case "image/jpeg":
		size, _ = jpeg.DecodeConfig(bytes.NewReader(data))
	case "image/gif":
		size = gifSize(data)
	case "image/webp":
		size = webpSize(data)
	}
	if max(size.Width, size.Height) > maxSide || size.Width*size.Height > maxArea {
		return badRequest("Image too large: %d x %d pixels, maximum %d per side and %d in total allowed",
			size.Width, size.Height, maxSide, maxArea)
	}
	return nil
}

// gifSize returns the size of the logical screen, which all frames share, if the first
// block follows it and its color table. image/gif would have to be compiled for the tests
// of every user.
func gifSize(data []byte) image.Config {
	var header [13]byte
	copy(header[:], data)
	first := len(header)
	if flags := header[10]; flags&0x80 != 0 {
		first += 3 << (flags&7 + 1)
	}
	if len(data) <= first || !strings.ContainsRune("!,;", rune(data[first])) { // extension, frame, end
		return image.Config{}
	}
	return image.Config{Width: uint16At(header[6:]), Height: uint16At(header[8:])}
}

// webpSize reads the first chunk of a WebP file (RFC 9649): lossy, lossless or extended.
func webpSize(data []byte) image.Config {
	var header [30]byte
	copy(header[:], data)
	chunk := header[20:]
	switch format := string(header[12:16]); {
	case format == "VP8 " && string(chunk[3:6]) == "\x9d\x01\x2a": // the start code of a key frame
		return image.Config{Width: uint16At(chunk[6:]) & 0x3fff, Height: uint16At(chunk[8:]) & 0x3fff}
	case format == "VP8L" && chunk[0] == 0x2f && chunk[4]>>5 == 0: // the signature and the version
		bits := int(binary.LittleEndian.Uint32(chunk[1:]) & 0x0fff_ffff)
		return image.Config{Width: bits&0x3fff + 1, Height: bits>>14 + 1}
	case format == "VP8X" && string(header[16:20]) == "\x0a\x00\x00\x00": // the length of the chunk
		return image.Config{Width: uint24At(chunk[4:]) + 1, Height: uint24At(chunk[7:]) + 1}
	}
	return image.Config{}
}

func uint16At(data []byte) int { return int(binary.LittleEndian.Uint16(data)) }

func uint24At(data []byte) int { return uint16At(data) | int(data[2])<<16 }
