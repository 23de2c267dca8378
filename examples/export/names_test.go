package main

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for id, want := range map[string]string{
		"2cdc28f0-017a-49c4-9ed7-87056c83901f": "2cdc28f0-017a-49c4-9ed7-87056c83901f",
		"photo_1.final.png":                    "photo_1.final.png",
		"a/b":                                  "a%2fb",
		"A":                                    "%41",
		"a%41":                                 "a%2541",
		".":                                    "%2e",
		"..":                                   "%2e%2e",
		"../../etc/passwd":                     "%2e.%2f..%2fetc%2fpasswd",
		".partial":                             "%2epartial",
		"name.":                                "name%2e",
		"\x00":                                 "%00",
		"~":                                    "%7e",
		"é":                                    "%c3%a9",
		"e\u0301":                              "e%cc%81",
		"\xff":                                 "%ff",
		"con":                                  "%63on",
		"nul.png":                              "%6eul.png",
		"com1.tar.gz":                          "%63om1.tar.gz",
		"lpt9":                                 "%6cpt9",
		"comx":                                 "comx",
		"console":                              "console",
		"":                                     "%",
		long:                                   strings.Repeat("x", 135) + "~" + fmt.Sprintf("%x", sha256.Sum256([]byte(long))),
	} {
		assert.Equal(t, want, fileName(id), "%.60q", id)
	}
	assert.Len(t, fileName(long), maxName)
	assert.NotEqual(t, fileName(long), fileName(long+"x"))
	assert.NotEqual(t, fileName(long), fileName(fileName(long)), "a file name may itself be an ID")
}

func FuzzFileName(f *testing.F) {
	for _, id := range []string{"", "a", "A", "a/b", "..", "con.png", "%41", strings.Repeat("é", 40), strings.Repeat("x", 200), strings.Repeat("/", 1024)} {
		f.Add(id, id+".")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		name := fileName(a)
		if len(name) == 0 || len(name) > maxName {
			t.Fatalf("a name of %d bytes", len(name))
		}
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-%~") != "" ||
			strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || isReserved(name) {
			t.Fatalf("not portable: %q", name)
		}
		if a != b && name == fileName(b) {
			t.Fatalf("%q and %q are both %q", a, b, name)
		}
		if a != "" && !strings.Contains(name, "~") {
			if back, err := url.PathUnescape(name); err != nil || back != a {
				t.Fatalf("%q is %q, and back %q, %v", a, name, back, err)
			}
		}
	})
}
