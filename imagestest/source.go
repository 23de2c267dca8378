package imagestest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

// source is the response of a URL that images are uploaded from.
type source struct {
	status  int
	content []byte
}

// sources replaces the servers that Cloudflare fetches images from.
type sources struct {
	mu    sync.Mutex
	byURL map[string]source
}

// ServeSource sets the content that an upload from rawURL receives. It replaces earlier
// content, and the status set by [Server.FailSource].
//
// The server never uses the network: an upload from a URL that was not set is rejected.
// The URL of the upload must match rawURL exactly, including user name and password.
// ServeSource panics if rawURL is not an http or https URL.
func (s *Server) ServeSource(rawURL string, content []byte) {
	s.sources.put(rawURL, source{status: http.StatusOK, content: bytes.Clone(content)})
}

// FailSource makes an upload from rawURL fail, as if the server of that URL had responded
// with the given status. The upload is rejected with status 400. That it is a 4xx is
// documented by Cloudflare; that it is 400 is a guess.
//
// FailSource panics if rawURL is not an http or https URL, or if status is not in the
// range 300 to 599.
func (s *Server) FailSource(rawURL string, status int) {
	if status < 300 || status > 599 {
		panic(fmt.Sprintf("imagestest: FailSource: status must be 300 to 599, got %d", status))
	}
	s.sources.put(rawURL, source{status: status})
}

func (s *sources) put(rawURL string, found source) {
	if _, err := parseSource(rawURL); err != nil {
		panic(fmt.Sprintf("imagestest: invalid source URL: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byURL[rawURL] = found
}

// fetch returns the file at a URL. Its errors do not quote the URL, which can contain a
// password. The file name is the last segment of the path, which is a guess.
func (s *Server) fetch(rawURL string) (filename string, f *file, err error) {
	u, err := parseSource(rawURL)
	if err != nil {
		return "", nil, err
	}
	s.sources.mu.Lock()
	found, ok := s.sources.byURL[rawURL]
	s.sources.mu.Unlock()
	switch {
	case !ok:
		return "", nil, badRequest("The image could not be fetched: no content was set for its url with ServeSource")
	case found.status != http.StatusOK:
		return "", nil, badRequest("The image could not be fetched: its server responded with status %d", found.status)
	}
	if f, err = s.newFile(found.content); err != nil {
		return "", nil, err
	}
	if u.Path == "" || strings.HasSuffix(u.Path, "/") {
		return "", f, nil
	}
	return strings.ToValidUTF8(path.Base(u.Path), "\uFFFD"), f, nil
}

func parseSource(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, badRequest("Invalid url: expected an absolute http or https URL")
	}
	return u, nil
}

// withoutSecrets returns a URL without its user, password and query, which may hold
// a signature.
func withoutSecrets(rawURL string) string {
	u, err := parseSource(rawURL)
	if err != nil {
		return redacted
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.RawQuery != "" {
		u.RawQuery = redacted
	}
	return u.String()
}
