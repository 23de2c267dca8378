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

const (
	defaultFileName    = "blob" // what browsers call a file without a name
	defaultContentType = "application/octet-stream"

	dispositionPrefix = "\r\nContent-Disposition: form-data; name=\""
)

// CheckFileName says why [New] would refuse a file name.
func CheckFileName(name string) error {
	_, err := appendEscaped(nil, "file name", name)
	return err
}

// CheckContentType says why [New] would refuse a content type that is not empty.
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

func formContentType(boundary string) string {
	return "multipart/form-data; boundary=" + boundary
}

// appendFileHeader appends everything that precedes the file.
func appendFileHeader(buf []byte, boundary, fieldName, fileName, contentType string) ([]byte, error) {
	contentType = cmp.Or(contentType, defaultContentType)
	if err := CheckContentType(contentType); err != nil {
		return nil, err
	}
	buf, err := appendDisposition(buf, boundary, fieldName)
	if err != nil {
		return nil, err
	}
	buf = append(buf, `; filename="`...)
	buf, err = appendEscaped(buf, "file name", cmp.Or(fileName, defaultFileName))
	if err != nil {
		return nil, err
	}
	buf = append(buf, "\"\r\nContent-Type: "...)
	buf = append(buf, contentType...)
	return append(buf, "\r\n\r\n"...), nil
}

// appendDisposition appends a part's delimiter and its header up to the closing
// quote of the field name.
func appendDisposition(buf []byte, boundary, fieldName string) ([]byte, error) {
	if fieldName == "" {
		return nil, errors.New("field name is empty")
	}
	buf = append(buf, "--"...)
	buf = append(buf, boundary...)
	buf = append(buf, dispositionPrefix...)
	buf, err := appendEscaped(buf, "field name", fieldName)
	if err != nil {
		return nil, err
	}
	return append(buf, '"'), nil
}

// appendEscaped appends value as HTML forms write it between quotes. It leaves
// a backslash and a percent sign as they are, as browsers do.
func appendEscaped(buf []byte, label, value string) ([]byte, error) {
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return nil, fmt.Errorf("%s %q is not valid UTF-8: byte 0x%02x at offset %d", label, value, value[i], i)
		case r == '"':
			buf = append(buf, "%22"...)
		case r == '\r':
			buf = append(buf, "%0D"...)
		case r == '\n':
			buf = append(buf, "%0A"...)
		case unicode.IsControl(r):
			return nil, fmt.Errorf("%s %q has the control character %U at offset %d", label, value, r, i)
		default:
			buf = append(buf, value[i:i+size]...)
		}
		i += size
	}
	return buf, nil
}
