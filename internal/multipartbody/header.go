package multipartbody

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"
)

const formType = "multipart/form-data; boundary="

// CheckFileName returns an error if [New] would reject a file name.
func CheckFileName(name string) error {
	_, err := escape("file name", name)
	return err
}

// CheckContentType returns an error if [New] would reject a non-empty content type.
func CheckContentType(value string) error {
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return fmt.Errorf("content type %q has the byte 0x%02x at offset %d; only visible ASCII and spaces are allowed", value, value[i], i)
		}
	}
	mediaType, _, err := mime.ParseMediaType(value)
	if err != nil {
		return fmt.Errorf("content type %q is malformed: %w", value, err)
	}
	if !strings.Contains(mediaType, "/") {
		return fmt.Errorf("content type %q is not of the form type/subtype", value)
	}
	return nil
}

// appendFileHeader appends the delimiter and the header of the file's part.
func appendFileHeader(buf []byte, boundary, fieldName, fileName, contentType string) ([]byte, error) {
	contentType = cmp.Or(contentType, "application/octet-stream")
	if err := CheckContentType(contentType); err != nil {
		return nil, err
	}
	fileName, err := escape("file name", cmp.Or(fileName, "blob")) // as browsers call it
	if err != nil {
		return nil, err
	}
	buf, err = appendDisposition(buf, boundary, fieldName)
	if err != nil {
		return nil, err
	}
	return append(buf, `; filename="`+fileName+"\"\r\nContent-Type: "+contentType+"\r\n\r\n"...), nil
}

// appendDisposition appends a part's delimiter and its header up to the closing
// quote of the field name.
func appendDisposition(buf []byte, boundary, fieldName string) ([]byte, error) {
	if fieldName == "" {
		return nil, errors.New("field name is empty")
	}
	name, err := escape("field name", fieldName)
	if err != nil {
		return nil, err
	}
	return append(buf, "--"+boundary+"\r\nContent-Disposition: form-data; name=\""+name+`"`...), nil
}

// escape escapes a name as HTML forms do between quotes. A backslash and a percent sign
// are not escaped, as in browsers.
func escape(label, name string) (string, error) {
	for i, r := range name {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(name[i:], "\uFFFD"):
			return "", fmt.Errorf("%s %q is not valid UTF-8: byte 0x%02x at offset %d", label, name, name[i], i)
		case unicode.IsControl(r) && r != '\r' && r != '\n':
			return "", fmt.Errorf("%s %q has the control character %U at offset %d", label, name, r, i)
		}
	}
	name = strings.ReplaceAll(name, `"`, "%22")
	name = strings.ReplaceAll(name, "\r", "%0D")
	return strings.ReplaceAll(name, "\n", "%0A"), nil
}
