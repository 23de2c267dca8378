package multipartbody

import "crypto/rand"

// Field is one text part of a form.
type Field struct {
	Name  string // escaped as in [New]; must not be empty
	Value string // any bytes, sent unchanged
}

// Fields returns a complete form without files, with the fields in the given order,
// and the Content-Type of its request.
func Fields(fields []Field) (contentType string, body []byte, err error) {
	boundary := rand.Text()
	buf, err := appendFields(make([]byte, 0, 1<<10), boundary, fields) // holds what is usual
	if err != nil {
		return "", nil, err
	}
	return formType + boundary, append(buf, "--"+boundary+"--\r\n"...), nil
}

func appendFields(buf []byte, boundary string, fields []Field) (_ []byte, err error) {
	for _, f := range fields {
		buf, err = appendDisposition(buf, boundary, f.Name)
		if err != nil {
			return nil, err
		}
		buf = append(buf, "\r\n\r\n"...)
		buf = append(buf, f.Value...)
		buf = append(buf, "\r\n"...)
	}
	return buf, nil
}
