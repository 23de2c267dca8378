package imagestest

import (
	"bytes"
	"net/http"
)

// sniff returns the content type of an image, determined by its first bytes, or "" if
// Cloudflare does not store the format.
func sniff(data []byte) string {
	switch contentType := http.DetectContentType(data); contentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return contentType
	}
	if contentType := sniffHEIF(data); contentType != "" {
		return contentType
	}
	if isSVG(data) {
		return "image/svg+xml"
	}
	return ""
}

// sniffHEIF distinguishes HEIC and AVIF by the brand in the file type box.
func sniffHEIF(data []byte) string {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return ""
	}
	switch string(data[8:12]) {
	case "avif", "avis":
		return "image/avif"
	case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1":
		return "image/heic"
	}
	return ""
}

// isSVG looks for an svg element after everything that XML allows before it.
func isSVG(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for {
		data = bytes.TrimSpace(data)
		var end string
		switch {
		case bytes.HasPrefix(data, []byte("<svg")):
			return true
		case bytes.HasPrefix(data, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(data, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(data, []byte("<!DOCTYPE")):
			end = ">"
		default:
			return false
		}
		_, rest, found := bytes.Cut(data, []byte(end))
		if !found {
			return false
		}
		data = rest
	}
}
