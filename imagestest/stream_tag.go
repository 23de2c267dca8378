package imagestest

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// streamHeader is the header that contains the stream of a request.
const streamHeader = "Imagestest-Stream"

// maxTagged is the maximum size of a frame that is buffered to be tagged.
const maxTagged = 1 << 20

// streamTagger adds streamHeader to every request that it reads. It does not need to decode
// the header: HPACK (RFC 7541, section 6.2.2) allows a field to be appended that later
// fields do not refer to.
type streamTagger struct {
	src    *bufio.Reader
	ready  []byte // returned by the next reads
	left   int    // number of bytes to pass through after that
	newest uint32 // the highest stream so far
	open   bool   // the header of newest continues in the next frame
}

func (t *streamTagger) Read(p []byte) (int, error) {
	if len(t.ready) == 0 && t.left == 0 {
		if err := t.nextFrame(); err != nil {
			return 0, err
		}
	}
	if len(t.ready) > 0 {
		n := copy(p, t.ready)
		t.ready = t.ready[n:]
		return n, nil
	}
	n, err := t.src.Read(p[:min(len(p), t.left)])
	t.left -= n
	return n, err
}

func (t *streamTagger) nextFrame() error {
	raw := make([]byte, frameHeadSize, 512)
	if _, err := io.ReadFull(t.src, raw); err != nil {
		return err
	}
	frame := parseFrameHead(raw)
	t.ready, t.left = raw, frame.length
	if frame.kind == frameHeaders && frame.stream > t.newest {
		t.newest, t.open = frame.stream, true
	}
	if !t.open || frame.stream != t.newest || frame.flags&flagEndHeaders == 0 || frame.length > maxTagged {
		return nil
	}
	t.open = false
	raw = slices.Grow(raw, frame.length)[:frameHeadSize+frame.length]
	if _, err := io.ReadFull(t.src, raw[frameHeadSize:]); err != nil {
		return err
	}
	end := len(raw)
	if frame.kind == frameHeaders && frame.flags&flagPadded != 0 && frame.length > 0 {
		end = max(frameHeadSize, end-int(raw[frameHeadSize]))
	}
	tag := streamTag(frame.stream)
	putFrameLength(raw, frame.length+len(tag))
	t.ready, t.left = slices.Insert(raw, end, tag...), 0
	return nil
}

func streamTag(stream uint32) []byte {
	value := strconv.Itoa(int(stream))
	tag := append([]byte{0, byte(len(streamHeader))}, "imagestest-stream"...)
	return append(append(tag, byte(len(value))), value...)
}

// takeStream returns the stream of a request, or 0 over HTTP/1.1, and removes the tag from
// its header.
func takeStream(h http.Header) uint32 {
	values := h[streamHeader]
	if len(values) == 0 {
		return 0
	}
	delete(h, streamHeader)
	stream, _ := strconv.ParseUint(values[len(values)-1], 10, 31)
	return uint32(stream)
}
