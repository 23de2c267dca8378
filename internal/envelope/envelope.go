// Package envelope reads the JSON object around every response of the API as a
// stream: the result in it is decoded while it is received.
package envelope

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxInfos is how many errors and how many messages of a response are kept, to limit
// the memory that a malicious server can use.
const maxInfos = 100

// ErrTooMany means that a response has more parts than any response of the API.
var ErrTooMany = errors.New("too many parts")

// Envelope is the object around a response, without its result.
type Envelope struct {
	Success  bool
	Errors   []Info
	Messages []Info
	ID       string // only in the short response to an upload

	HasResult  bool // the result is present and not null
	hasSuccess bool
}

// Info is one entry of the errors or messages.
type Info struct {
	Code             int
	Message          string
	DocumentationURL string
	Pointer          string // JSON pointer to the part of the request
}

// RefusedError is the error of an envelope with success:false.
type RefusedError struct{ Envelope *Envelope }

func (*RefusedError) Error() string { return "the response says success:false" }

// Read reads the envelope in a decoder's source, which must contain nothing else. It
// calls result to decode a result that is not null; if result is nil, it skips the
// result. The decoded data is valid only if Read returns nil and Success is true.
func (e *Envelope) Read(dec *jsontext.Decoder, result func() error) error {
	err := ReadObject(dec, func(name []byte) error { return e.member(dec, string(name), result) })
	if err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err == nil {
		return errors.New("the response continues after the end of the envelope")
	} else if err != io.EOF {
		return fmt.Errorf("after the end of the envelope: %w", err)
	}
	if !e.hasSuccess {
		return errors.New("the response has no success member")
	}
	return nil
}

// ReadSuccess is like Read, but returns a [*RefusedError] for an envelope with
// success:false.
func (e *Envelope) ReadSuccess(dec *jsontext.Decoder, result func() error) error {
	if err := e.Read(dec, result); err != nil {
		return err
	}
	if !e.Success {
		return &RefusedError{e}
	}
	return nil
}

// ReadResult reads a successful envelope that must have a result.
func ReadResult(dec *jsontext.Decoder, result func() error) error {
	var e Envelope
	if err := e.ReadSuccess(dec, result); err != nil {
		return err
	}
	if !e.HasResult {
		return errors.New("the response reports success but has no result")
	}
	return nil
}

// ReadObjectResult reads a successful envelope whose result is an object. It calls
// member for each member of the result, like [ReadObject].
func ReadObjectResult(dec *jsontext.Decoder, member func(name []byte) error) error {
	return ReadResult(dec, func() error { return ReadObject(dec, member) })
}

// ReadNoResult reads a successful envelope and skips its result.
func ReadNoResult(dec *jsontext.Decoder) error { return new(Envelope).ReadSuccess(dec, nil) }

// member reads the value of one member of the envelope.
func (e *Envelope) member(dec *jsontext.Decoder, name string, result func() error) error {
	switch name {
	case "success":
		e.hasSuccess = dec.PeekKind() != 'n'
		return ReadBool(dec, &e.Success)
	case "errors":
		return readInfos(dec, &e.Errors)
	case "messages":
		return readInfos(dec, &e.Messages)
	case "result":
		if dec.PeekKind() == 'n' || result == nil {
			return dec.SkipValue()
		}
		if e.HasResult {
			return errors.New("the response has two results")
		}
		e.HasResult = true
		return result()
	case "id":
		return ReadString(dec, &e.ID)
	}
	return dec.SkipValue()
}

// readInfos reads the errors or messages of an envelope, or null. It skips entries
// beyond maxInfos.
func readInfos(dec *jsontext.Decoder, dst *[]Info) error {
	*dst = nil
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	return ReadArray(dec, func() error {
		if len(*dst) == maxInfos {
			return dec.SkipValue()
		}
		var info Info
		err := ReadObject(dec, func(name []byte) error { return info.member(dec, string(name)) })
		*dst = append(*dst, info)
		return err
	})
}

func (i *Info) member(dec *jsontext.Decoder, name string) error {
	switch name {
	case "code":
		return ReadInt(dec, &i.Code)
	case "message":
		return ReadString(dec, &i.Message)
	case "documentation_url":
		return ReadString(dec, &i.DocumentationURL)
	case "source":
		if dec.PeekKind() == 'n' {
			return dec.SkipValue()
		}
		return ReadObject(dec, func(name []byte) error {
			if string(name) == "pointer" {
				return ReadString(dec, &i.Pointer)
			}
			return dec.SkipValue()
		})
	}
	return dec.SkipValue()
}
