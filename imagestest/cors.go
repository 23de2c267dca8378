package imagestest

import "net/http"

// allowCrossOrigin lets a page of any origin send one-time uploads and read
// their responses: browsers upload from the user's page. Cloudflare's own header
// values are not published: these are a guess. The wildcard does not cover
// Authorization, so that a browser refuses to send a token along.
func allowCrossOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
}

// preflight answers a browser's question whether it may upload.
func (s *Server) preflight(*call) (response, error) {
	return response{status: http.StatusNoContent}, nil
}
