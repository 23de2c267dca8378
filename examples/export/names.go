package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxName is the maximum length of a file name. Common file systems allow 255 bytes.
const maxName = 200

// fileName returns the name of the file for an image ID. It is valid on all
// common systems, including those that ignore case, and unique for each ID.
//
// It contains only a-z, 0-9, dot, underscore, hyphen, and %xx for each other
// byte. A dot at the start or end and the first letter of a name reserved by
// Windows are escaped too, so that no name is hidden or special. A name that is
// too long is shortened and ends with a tilde and the SHA-256 of the ID.
func fileName(id string) string {
	var b strings.Builder
	reserved := isReserved(id)
	for i := range len(id) {
		c := id[i]
		edge := i == 0 || i == len(id)-1
		if isPlain(c) && !(c == '.' && edge) && !(i == 0 && reserved) {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789abcdef"
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	name := b.String()
	switch {
	case name == "":
		return "%" // no other ID has this name
	case len(name) <= maxName:
		return name
	}
	sum := sha256.Sum256([]byte(id))
	suffix := "~" + hex.EncodeToString(sum[:])
	name = name[:maxName-len(suffix)]
	if i := strings.LastIndexByte(name, '%'); i > len(name)-3 { // do not split an escape
		name = name[:i]
	}
	return name + suffix
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}

// isReserved reports whether a name is a device name on Windows, with or without
// an extension. Capitals are escaped anyway.
func isReserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	if len(stem) != 4 || stem[3] < '0' || stem[3] > '9' {
		return false
	}
	return stem[:3] == "com" || stem[:3] == "lpt"
}
