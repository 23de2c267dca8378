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

// writeBomb writes an envelope of the given size, compressed with gzip. Concatenated
// gzip files are a valid gzip file, so the same block is written many times.
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
	w.Write(data) // a Buffer does not fail
	w.Close()
	return buf.Bytes()
}
