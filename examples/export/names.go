package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxName is how long a file name may be. Common file systems take 255 bytes.
const maxName = 200

// fileName returns the name of the file for an image ID. It is good on every
// common system, those that ignore case included, and no two IDs share one.
//
// It has only a-z, 0-9, dot, underscore, hyphen, and %xx for each other byte.
// A dot at an end and the first letter of a name that Windows reserves are
// escaped too, so no name is hidden or special. A name that gets too long is cut
// and ends in a tilde and the SHA-256 of the ID.
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
		return "%" // of no other ID
	case len(name) <= maxName:
		return name
	}
	sum := sha256.Sum256([]byte(id))
	suffix := "~" + hex.EncodeToString(sum[:])
	name = name[:maxName-len(suffix)]
	if i := strings.LastIndexByte(name, '%'); i > len(name)-3 { // not half an escape
		name = name[:i]
	}
	return name + suffix
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}

// isReserved reports whether Windows takes a name for a device, with or without
// something after a dot. Capitals are escaped anyway.
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
