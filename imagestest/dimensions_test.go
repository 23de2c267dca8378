package imagestest_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// headers are the beginnings of files, by their format. Each has the size in it.
var headers = map[string]func(width, height int) []byte{
	"PNG": func(width, height int) []byte {
		header := []byte("IHDR")
		header = binary.BigEndian.AppendUint32(header, uint32(width))
		header = binary.BigEndian.AppendUint32(header, uint32(height))
		header = append(header, 8, 0, 0, 0, 0) // 8 bits of grey
		file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
		return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
	},
	"JPEG": func(width, height int) []byte {
		var file bytes.Buffer
		jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1)), nil)
		frame := bytes.Index(file.Bytes(), []byte{0xff, 0xc0})
		binary.BigEndian.PutUint16(file.Bytes()[frame+5:], uint16(height))
		binary.BigEndian.PutUint16(file.Bytes()[frame+7:], uint16(width))
		return file.Bytes()
	},
	"GIF": func(width, height int) []byte {
		file := binary.LittleEndian.AppendUint16([]byte("GIF89a"), uint16(width))
		file = binary.LittleEndian.AppendUint16(file, uint16(height))
		return append(file, "\x00\x00\x00;"...) // no color table, and the end
	},
	"lossy WebP": func(width, height int) []byte {
		file := append(webp("VP8 ", 10), "\x10\x00\x00\x9d\x01\x2a"...)
		file = binary.LittleEndian.AppendUint16(file, uint16(width|1<<14)) // the upper bits scale
		return binary.LittleEndian.AppendUint16(file, uint16(height|2<<14))
	},
	"lossless WebP": func(width, height int) []byte {
		size := uint32(width-1) | uint32(height-1)<<14 | 1<<28 // with an alpha channel
		return binary.LittleEndian.AppendUint32(append(webp("VP8L", 5), 0x2f), size)
	},
	"extended WebP": func(width, height int) []byte {
		file := append(webp("VP8X", 10), 0x10, 0, 0, 0)
		for _, n := range []int{width - 1, height - 1} {
			file = append(file, byte(n), byte(n>>8), byte(n>>16))
		}
		return file
	},
}

func webp(chunk string, length uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte("RIFF\x16\x00\x00\x00WEBP"+chunk), length)
}

func TestUploadOfTooManyPixels(t *testing.T) {
	srv := newServer(t)
	for format, header := range headers {
		for _, test := range []struct{ width, height, status int }{
			{1, 1, 200}, {12_000, 8_333, 200}, {8_333, 12_000, 200},
			{12_001, 1, 400}, {1, 12_001, 400}, {12_000, 8_334, 400}, {10_001, 10_000, 400},
		} {
			resp := upload(t, srv, create(t, srv).Result.UploadURL, "a", string(header(test.width, test.height)))
			assert.Equal(t, test.status, resp.Status, "%s of %d x %d: %s", format, test.width, test.height, resp.Body)
		}
	}
	extended := string(headers["extended WebP"](1<<24, 1<<24))
	assert.Contains(t, upload(t, srv, create(t, srv).Result.UploadURL, "a", extended).message(), "16777216 x 16777216 pixels")
}

func TestUploadOfGIFWithFrames(t *testing.T) {
	srv := newServer(t)
	for width, status := range map[int]int{12_000: 200, 12_001: 400} {
		var file bytes.Buffer
		frame := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black, color.White})
		require.NoError(t, gif.EncodeAll(&file, &gif.GIF{
			Image: []*image.Paletted{frame, frame}, Delay: []int{0, 0}, Config: image.Config{Width: width, Height: 2, ColorModel: frame.Palette},
		}))
		assert.Equal(t, status, upload(t, srv, create(t, srv).Result.UploadURL, "a.gif", file.String()).Status)
	}
}

// Tests often use files that only begin like an image.
func TestUploadOfHeadersWithoutASize(t *testing.T) {
	srv := newServer(t)
	files := []string{
		"GIF89a and the rest", "GIF89a\xff\xff\xff\xff\xf7 and no color table", "GIF87a",
		"RIFF----WEBPVP8 and the rest of the file", "RIFF----WEBPVP8Land the rest of the file", "RIFF----WEBPVP8Xand the rest of the file",
		"RIFF----WEBPVP8L----/////////////", "RIFF----WEBPVP",
	}
	for _, header := range headers {
		whole := string(header(12_001, 1))
		files = append(files, whole[:min(20, len(whole)-1)])
	}
	for _, file := range files {
		resp := upload(t, srv, create(t, srv).Result.UploadURL, "a", file)
		assert.Equal(t, 200, resp.Status, "%q: %s", file, resp.Body)
	}
}
