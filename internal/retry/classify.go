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
	"syscall"
)

// StatusRetryable reports whether a status means a temporary failure: 408, 429, 500,
// 502, 503, 504, or 520 to 524, which Cloudflare's edge uses for a failing origin.
func StatusRetryable(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return 520 <= code && code <= 524
}

// IsPermanent reports whether a retry after an error of the transport cannot succeed:
// a rejected certificate or TLS handshake, an unknown host, cancellation, or a request
// that this transport cannot send. All other errors are treated as temporary, including
// unknown ones.
func IsPermanent(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	return errors.Is(err, context.Canceled) || isTLSRefusal(err) || isMisconfiguration(err)
}

// IsConnectionLoss reports whether an error of a TLS handshake was caused by a lost
// connection, not by a rejection.
func IsConnectionLoss(err error) bool {
	if isTLSRefusal(err) {
		return false
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return true
	}
	return has[*net.OpError](err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || has[syscall.Errno](err)
}

// NeverConnected reports whether err proves that no connection was made: a dial or a
// name lookup failed. The error of a request body whose reader dials looks the same, so
// the caller must also check that no byte was sent.
func NeverConnected(err error) bool {
	return has[*net.DNSError](err) || hasOp(err, "dial")
}

// isTLSRefusal reports whether one side rejected the other's certificate or handshake.
// With a proxy, such an error is wrapped in a *net.OpError.
func isTLSRefusal(err error) bool {
	return has[*tls.CertificateVerificationError](err) ||
		has[x509.UnknownAuthorityError](err) ||
		has[x509.HostnameError](err) ||
		has[x509.CertificateInvalidError](err) ||
		hasOp(err, "remote error") // how crypto/tls reports an alert from the server
}

// isMisconfiguration reports whether the transport cannot send such requests.
func isMisconfiguration(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, http.ErrSkipAltProtocol) ||
		errors.Is(err, errors.ErrUnsupported) || has[*net.AddrError](err) || has[net.UnknownNetworkError](err)
}

// hasOp reports whether err contains a *net.OpError of operation op, possibly inside
// that of a proxy.
func hasOp(err error, op string) bool {
	found, ok := errors.AsType[*net.OpError](err)
	for ok && found.Op != op {
		found, ok = errors.AsType[*net.OpError](found.Err)
	}
	return ok
}

// has reports whether err contains an error of type E.
func has[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// StreamError receives the unexported HTTP/2 stream error of net/http, whose As method
// sets any struct with the same field names.
type StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error makes the type a target for errors.AsType.
func (e StreamError) Error() string {
	return fmt.Sprintf("HTTP/2 stream %d reset with code %d", e.StreamID, e.Code)
}

// IsRefused reports whether the code is REFUSED_STREAM: the server did not process
// the stream (RFC 9113, section 8.7).
func (e StreamError) IsRefused() bool { return e.Code == 0x7 }
