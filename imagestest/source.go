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

// source is what is found at a URL.
type source struct {
	status  int
	content []byte
}

// sources stand for the servers that Cloudflare fetches images from.
type sources struct {
	mu    sync.Mutex
	byURL map[string]source
}

// ServeSource sets the content of a URL for cfimages.ImagesV1.UploadFromURL. The server
// never uses a network. An upload from a URL without content is rejected with a 400. The
// URL of the upload must be exactly the same, including a user name and password.
// ServeSource panics if rawURL is not an http or https URL.
func (s *Server) ServeSource(rawURL string, content []byte) {
	s.sources.put(rawURL, source{status: http.StatusOK, content: bytes.Clone(content)})
}

// FailSource makes a URL fail with a status. An upload from it is then rejected with a
// 400. Cloudflare's developer documentation has only 4xx; that it is a 400 is a guess.
// FailSource panics if rawURL is not an http or https URL, or if status is not 300 to 599.
func (s *Server) FailSource(rawURL string, status int) {
	if status < 300 || status > 599 {
		panic(fmt.Sprintf("imagestest: FailSource: status must be 300 to 599, got %d", status))
	}
	s.sources.put(rawURL, source{status: status})
}

func (s *sources) put(rawURL string, found source) {
	if _, err := parseSource(rawURL); err != nil {
		panic(fmt.Sprintf("imagestest: not a source of images: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byURL[rawURL] = found
}

// fetch returns what is found at a URL. Its refusals do not quote the URL, which can
// hold a password. The last segment of its path becomes the name of the file: a
// guess.
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
		return "", nil, badRequest("The image could not be fetched: nothing is served at its url")
	case found.status != http.StatusOK:
		return "", nil, badRequest("The image could not be fetched: its server answered with status %d", found.status)
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
