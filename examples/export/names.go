package main

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

const (
	// maxName is the length limit of a file name. Common file systems take 255 bytes.
	maxName = 200
	plain   = "abcdefghijklmnopqrstuvwxyz0123456789._-"
)

// devices matches the names that Windows reserves, with and without an extension.
// Capital letters are escaped anyway.
var devices = regexp.MustCompile(`^(con|prn|aux|nul|(com|lpt)[0-9])(\.|$)`)

// fileName returns the name of the file for an image ID. It is valid on every
// common system, including those that ignore case, and no two IDs share one.
//
// Every byte but a-z, 0-9, dot, underscore and hyphen becomes %xx. So do a dot at
// an end and the first letter of a reserved name: no name is hidden or special. A
// longer name than maxName is cut and ends in a tilde and the SHA-256 of the ID.
func fileName(id string) string {
	if id == "" {
		return "%" // no other ID has this name
	}
	reserved := devices.MatchString(id)
	var b strings.Builder
	for i := range len(id) {
		c := id[i]
		edge := i == 0 || i == len(id)-1
		if strings.IndexByte(plain, c) < 0 || c == '.' && edge || i == 0 && reserved {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	name := b.String()
	if len(name) <= maxName {
		return name
	}
	suffix := fmt.Sprintf("~%x", sha256.Sum256([]byte(id)))
	name = name[:maxName-len(suffix)]
	if i := strings.LastIndexByte(name, '%'); i > len(name)-3 { // half an escape
		name = name[:i]
	}
	return name + suffix
}
