// Package imagepath validates and escapes the parts of URL paths: account IDs and
// image IDs, including custom IDs with subpaths.
//
// The errors are worded to follow the name of a parameter: "has 1025 characters, …".
// They quote at most 40 characters of the ID.
package imagepath

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIDLength is in characters; from Cloudflare's API reference.
const maxIDLength = 1024

// CheckID returns an error if id cannot be used as an image ID in a path of the API.
// It must pass [CheckDelivery], and its path must not be reserved.
func CheckID(id string) error {
	if err := CheckDelivery(id); err != nil {
		return err
	}
	if isReserved(id) {
		return fmt.Errorf("is another path of the API: %.40q", id)
	}
	return nil
}

// CheckDelivery returns an error if id cannot be used as an image ID in a delivery
// URL. The rules for the length, for slashes at the start and end, and for UTF-8 are
// Cloudflare's rules for custom IDs. The others ensure that the URL refers to this
// image.
func CheckDelivery(id string) error {
	if id == "" {
		return errors.New("is empty: give the ID of an image")
	}
	if !utf8.ValidString(id) {
		return fmt.Errorf("is not valid UTF-8: %.40q", id)
	}
	if n := utf8.RuneCountInString(id); n > maxIDLength {
		return fmt.Errorf("has %d characters, at most %d are allowed", n, maxIDLength)
	}
	if i := strings.IndexFunc(id, unicode.IsControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(id[i:])
		return fmt.Errorf("contains the control character %U, which is not allowed: %.40q", r, id)
	}
	if strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/") {
		return fmt.Errorf("must not start or end with a slash: %.40q", id)
	}
	return checkSegments(id)
}

// isReserved reports whether Cloudflare uses the path of id for something else: the
// account's statistics, batch tokens, signing keys or variants.
func isReserved(id string) bool {
	first, _, _ := strings.Cut(id, "/")
	return id == "stats" || id == "batch_token" || first == "keys" || first == "variants"
}

// CheckReadable returns an error if the details of id cannot be requested. It must
// pass [CheckID], and its path must not be the path of another image's uploaded file.
func CheckReadable(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	if strings.HasSuffix(id, "/blob") {
		return fmt.Errorf("must not end in /blob, which is the path of another image's uploaded file: %.40q", id)
	}
	return nil
}

// CheckChangeable returns an error if id cannot be updated. It must pass [CheckID],
// and its path must not be the path of the account's settings, which are updated with
// the same method.
func CheckChangeable(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	if id == "config" {
		return errors.New("is config, where Cloudflare has the settings of the account: an image of this ID cannot be changed")
	}
	return nil
}

func checkSegments(id string) error {
	for segment := range strings.SplitSeq(id, "/") {
		switch segment {
		case "":
			return fmt.Errorf("has two slashes in a row, give one: %.40q", id)
		case ".", "..":
			return fmt.Errorf("has the segment %q, which would lead to another path: %.40q", segment, id)
		}
	}
	return nil
}

// CheckCustomID returns an error if id cannot be the custom ID of a new image. It must
// pass [CheckReadable] and [CheckChangeable], and must not be a UUID, which Cloudflare
// reserves for generated IDs.
func CheckCustomID(id string) error {
	if err := CheckReadable(id); err != nil {
		return err
	}
	if err := CheckChangeable(id); err != nil {
		return err
	}
	if isUUID(id) {
		return fmt.Errorf("must not be a UUID, Cloudflare keeps these for IDs of its own: %q", id)
	}
	return nil
}

// CheckAccountID returns an error if id cannot be used as an account ID in a path.
func CheckAccountID(id string) error {
	if id == "" {
		return errors.New("is empty: give the account's ID")
	}
	if i := strings.IndexFunc(id, isNotAccountID); i >= 0 {
		r, _ := utf8.DecodeRuneInString(id[i:])
		return fmt.Errorf("contains %q, only letters, digits, hyphens and underscores are allowed: %.40q", r, id)
	}
	return nil
}

// Escape returns id with each segment percent-escaped. It does not make an ID safe
// that [CheckID] rejects.
func Escape(id string) string {
	segments := strings.Split(id, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}

// isUUID reports whether s has the form 8-4-4-4-12 of hexadecimal digits.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		isHyphenPlace := i == 8 || i == 13 || i == 18 || i == 23
		if isHyphenPlace != (c == '-') || !isHyphenPlace && !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isNotAccountID(r rune) bool {
	isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	isDigit := '0' <= r && r <= '9'
	return !isLetter && !isDigit && r != '-' && r != '_'
}
