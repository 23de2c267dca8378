package multipartbody

import "crypto/rand"

// Field is one text part of a form.
type Field struct {
	Name  string // escaped as in [New]; must not be empty
	Value string // any bytes, sent as they are
}

// Fields returns a whole form without files, parts in the order given, and the
// Content-Type of its request.
func Fields(fields []Field) (contentType string, body []byte, err error) {
	boundary := rand.Text()
	buf := make([]byte, 0, fieldsLen(fields, boundary))
	for _, f := range fields {
		buf, err = appendDisposition(buf, boundary, f.Name)
		if err != nil {
			return "", nil, err
		}
		buf = append(buf, "\r\n\r\n"...)
		buf = append(buf, f.Value...)
		buf = append(buf, "\r\n"...)
	}
	buf = append(buf, "--"...)
	buf = append(buf, boundary...)
	buf = append(buf, "--\r\n"...)
	return formContentType(boundary), buf, nil
}

// fieldsLen is exact when no name needs escaping.
func fieldsLen(fields []Field, boundary string) int {
	n := len("--") + len(boundary) + len("--\r\n")
	for _, f := range fields {
		n += len("--") + len(boundary) + len(dispositionPrefix) + len(f.Name) + len("\"\r\n\r\n") + len(f.Value) + len("\r\n")
	}
	return n
}
