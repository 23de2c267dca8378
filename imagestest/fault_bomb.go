package imagestest

import (
	"bytes"
	"compress/gzip"
	"io"
)

const (
	bombHead = `{"errors":[],"messages":[],"result":{"id":"`
	bombTail = `"},"success":true}`

	minBombSize = int64(len(bombHead) + len(bombTail))

	bombBlock = 256 << 10
)

// writeBomb writes the gzip of an envelope of that size. A gzip may consist of
// several, one after the other, so that the same block can serve again and again.
func writeBomb(w io.Writer, size int64) {
	padding := size - minBombSize
	_, err := w.Write(gzipped([]byte(bombHead)))
	var block []byte
	if padding >= bombBlock {
		block = gzipped(bytes.Repeat([]byte{'x'}, bombBlock))
	}
	for ; padding >= bombBlock && err == nil; padding -= bombBlock {
		_, err = w.Write(block)
	}
	if err == nil {
		rest := append(bytes.Repeat([]byte{'x'}, int(padding)), bombTail...)
		w.Write(gzipped(rest))
	}
}

func gzipped(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data) // a Buffer takes everything
	w.Close()
	return buf.Bytes()
}
