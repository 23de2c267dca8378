package imagestest

import "net/http"

// allowCrossOrigin allows pages of any origin to send one-time uploads and to read the
// responses, because browsers upload from the page of an application. The header values
// of Cloudflare are not documented, so these are a guess. The wildcard does not include
// Authorization, so browsers do not send a token.
func allowCrossOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
}

// preflight handles the CORS preflight request of an upload.
func (s *Server) preflight(*call) (response, error) {
	return response{status: http.StatusNoContent}, nil
}
