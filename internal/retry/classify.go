package retry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
)

// StatusRetryable reports whether a status tells of a failure that may pass:
// 408, 429, 500, 502, 503, 504, and 520 to 524, with which Cloudflare's edge
// reports a failing origin.
func StatusRetryable(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return 520 <= code && code <= 524
}

// ErrorRetryable reports whether err tells of a connection that failed and may
// work the next time. It is false for a cancelled context, an unknown host, a refused
// certificate or TLS handshake, and whatever it does not know.
//
// A timeout of the attempt as a whole is the caller's to judge: only the caller
// can tell its own limit for one attempt from the end of its context.
func ErrorRetryable(err error) bool {
	if errors.Is(err, context.Canceled) || isTLSRefusal(err) {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsNotFound && (dns.IsTemporary || dns.IsTimeout)
	}
	return has[*net.OpError](err) || has[http2StreamError](err) || isConnectionLoss(err)
}

// NeverConnected reports whether err proves that no connection was made: a dial
// or a name lookup failed. It knows only the error, so a request body whose reader
// dials by itself can mislead it; the caller must know that no byte was sent.
func NeverConnected(err error) bool {
	return has[*net.DNSError](err) || hasOp(err, "dial")
}

// isTLSRefusal reports whether one side refused the other's certificate or
// handshake. Behind a proxy such an error is wrapped in a *net.OpError.
func isTLSRefusal(err error) bool {
	return has[*tls.CertificateVerificationError](err) ||
		has[x509.UnknownAuthorityError](err) ||
		has[x509.HostnameError](err) ||
		has[x509.CertificateInvalidError](err) ||
		hasOp(err, "remote error") // how crypto/tls reports an alert from the server
}

// isConnectionLoss finds the errors of a lost connection that come without a *net.OpError.
func isConnectionLoss(err error) bool {
	losses := []error{
		io.EOF, io.ErrUnexpectedEOF,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE,
	}
	return slices.ContainsFunc(losses, func(loss error) bool { return errors.Is(err, loss) })
}

// hasOp reports whether a *net.OpError of operation op is in err, also inside
// another one (a proxy's).
func hasOp(err error, op string) bool {
	found, ok := errors.AsType[*net.OpError](err)
	for ok && found.Op != op {
		found, ok = errors.AsType[*net.OpError](found.Err)
	}
	return ok
}

// has reports whether an error of type E is in err.
func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// http2StreamError receives net/http's unexported HTTP/2 stream error, whose As method
// fills any struct with the same field names.
type http2StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error makes the type a target for errors.AsType.
func (e http2StreamError) Error() string {
	return fmt.Sprintf("HTTP/2 stream %d reset with code %d", e.StreamID, e.Code)
}
