package imagestest

import (
	"bufio"
	"encoding/binary"
	"math"
	"net"
	"sync"
)

// protoHTTP2 is the ALPN protocol name of HTTP/2.
const protoHTTP2 = "h2"

// The parts of HTTP/2 frames (RFC 9113, section 6) that faults need.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameResetStream  = 0x3
	frameGoAway       = 0x7
	frameContinuation = 0x9

	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8

	codeRefusedStream = 0x7

	frameHeadSize = 9
	clientPreface = len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
)

// frameHead is the header of a frame.
type frameHead struct {
	length      int // of the payload
	kind, flags byte
	stream      uint32
}

func parseFrameHead(b []byte) frameHead {
	return frameHead{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   b[3],
		flags:  b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & math.MaxInt32,
	}
}

func putFrameLength(b []byte, length int) {
	b[0], b[1], b[2] = byte(length>>16), byte(length>>8), byte(length)
}

// appendFrame appends a frame whose payload consists of numbers.
func appendFrame(b []byte, kind byte, stream uint32, payload ...uint32) []byte {
	b = append(b, 0, 0, byte(4*len(payload)), kind, 0)
	b = binary.BigEndian.AppendUint32(b, stream)
	for _, number := range payload {
		b = binary.BigEndian.AppendUint32(b, number)
	}
	return b
}

// frames is the HTTP/2 state of a wire.
type frames struct {
	in streamTagger

	turn      chan struct{} // holds a value during a write; a waiting goroutine is durably blocked
	out       []byte        // not written yet
	head      [frameHeadSize]byte
	headBytes int // of head that were written by net/http
	frame     frameHead
	left      int      // of the frame's payload
	dropped   bool     // the frame is not sent
	next      []func() // called at the end of the frame and of its header block
	err       error

	mu        sync.Mutex
	marks     map[uint32]*mark // by stream
	processed uint32           // the highest stream that was processed
	last      uint32           // the highest stream that may be processed, as sent in a GOAWAY
}

// mark is a function to call at a point of a response: after a number of bytes of its body,
// or at its end if that is earlier.
type mark struct {
	bytes int
	do    func()
}

func newFrames(conn net.Conn) *frames {
	return &frames{
		in:    streamTagger{src: bufio.NewReader(conn), left: clientPreface},
		turn:  make(chan struct{}, 1),
		marks: make(map[uint32]*mark),
		last:  math.MaxInt32,
	}
}

// markStream registers a function to call after the given number of bytes of a response,
// or when it ends: with its last frame, or when the handler aborts. In the latter case,
// it is called instead of sending the RST_STREAM of net/http.
func (f *frames) markStream(stream uint32, bytes int, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks[stream] = &mark{bytes, do}
}

// admits reports whether requests on the stream are still processed.
func (f *frames) admits(stream uint32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return stream <= f.last
}

// begin is admits at the start of processing. A later GOAWAY cannot exclude the stream.
func (f *frames) begin(stream uint32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if stream > f.last {
		return false
	}
	f.processed = max(f.processed, stream)
	return true
}

// goAway sends a GOAWAY that names the last stream that was or will be processed. With
// unprocessed, this should exclude the given stream. If a later stream was processed in
// the meantime, that is not possible, and the given stream is reset with REFUSED_STREAM.
func (f *frames) goAway(code, stream uint32, unprocessed bool) {
	f.mu.Lock()
	if !unprocessed {
		f.processed = max(f.processed, stream)
	}
	f.last = min(f.last, f.processed)
	last := f.last
	f.mu.Unlock()
	if unprocessed && stream <= last {
		f.resetStream(codeRefusedStream, stream)
	}
	f.out = appendFrame(f.out, frameGoAway, 0, last, code)
}

func (f *frames) resetStream(code, stream uint32) {
	f.out = appendFrame(f.out, frameResetStream, stream, code)
}

// betweenFrames calls do as soon as no frame is being written and the SETTINGS frame of
// net/http, which must be the first frame, was written.
func (w *wire) betweenFrames(do func()) {
	f := w.frames
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.next = append(f.next, do)
	if f.headBytes == 0 && f.frame != (frameHead{}) {
		w.endFrame()
		w.flushFrames()
	}
}

// inHeader reports whether the next frame must continue the header of this one.
func (h frameHead) inHeader() bool {
	return (h.kind == frameHeaders || h.kind == frameContinuation) && h.flags&flagEndHeaders == 0
}

// writeFrames writes the frames of net/http and calls the functions of marks in between.
func (w *wire) writeFrames(p []byte) (int, error) {
	f := w.frames
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	for rest := p; len(rest) > 0; {
		if f.headBytes < frameHeadSize {
			n := copy(f.head[f.headBytes:], rest)
			rest = rest[n:]
			if f.headBytes += n; f.headBytes == frameHeadSize {
				f.beginFrame()
			}
		} else {
			n := min(f.left, len(rest))
			if !f.dropped {
				f.out = append(f.out, rest[:n]...)
			}
			rest = rest[n:]
			f.left -= n
		}
		if f.headBytes == frameHeadSize && f.left == 0 {
			f.headBytes = 0
			w.endFrame()
		}
	}
	return len(p), w.flushFrames()
}

func (f *frames) beginFrame() {
	f.frame = parseFrameHead(f.head[:])
	f.left = f.frame.length
	if f.dropped = f.reached(); !f.dropped {
		f.out = append(f.out, f.head[:]...)
	}
}

// reached checks the mark of the stream of the current frame. If the frame reaches it, the
// function is called at the end of the frame. It reports whether the frame is dropped.
func (f *frames) reached() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.marks[f.frame.stream]
	if m == nil {
		return false
	}
	reset, reached := f.frame.kind == frameResetStream, false
	switch f.frame.kind {
	case frameHeaders, frameData:
		if f.frame.kind == frameData {
			m.bytes -= f.frame.length
		}
		reached = m.bytes <= 0 || f.frame.flags&flagEndStream != 0
	}
	if reset || reached {
		delete(f.marks, f.frame.stream)
		f.next = append(f.next, m.do)
	}
	return reset
}

func (w *wire) endFrame() {
	f := w.frames
	if f.frame.inHeader() {
		return
	}
	for _, do := range f.next {
		do()
	}
	f.next = f.next[:0]
}

// flushFrames writes the buffered frames, unless the wire is blackholed.
func (w *wire) flushFrames() error {
	f := w.frames
	if f == nil {
		return nil
	}
	if len(f.out) > 0 && f.err == nil && !w.blackholed.Load() {
		_, f.err = w.Conn.Write(f.out)
	}
	f.out = f.out[:0]
	return f.err
}
