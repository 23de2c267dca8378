package imagestest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxRequests is how many requests a server remembers.
const maxRequests = 1 << 16

const redacted = "[redacted]"

// Request is one request that the server answered, or that a fault struck. It
// holds no credentials, no one-time upload URL and no signature.
type Request struct {
	Time      time.Time // by the server's clock, when the answer was ready
	Operation Operation
	AccountID string // of API requests; on the batch host that of the token, once it was looked at
	Batch     bool   // it came to the batch host
	ImageID   string // of the image asked for, or of the image or draft created
	SourceURL string // of an image to be fetched; its user and password are left out, its query is redacted
	Proto     string // HTTP/1.1 or HTTP/2.0
	Method    string
	Path      string // escaped, as sent; that of a one-time upload is redacted
	Query     url.Values
	Status    int  // of the response; 0 when a fault left the request without one
	Draft     bool // the response showed a draft
}

// Filters returns the metadata filters of a list request in their written form
// without the prefix, such as "status[eq:string]=active", sorted.
func (r Request) Filters() []string {
	var filters []string
	for key, values := range r.Query {
		if filter, ok := strings.CutPrefix(key, "meta."); ok {
			for _, value := range values {
				filters = append(filters, filter+"="+value)
			}
		}
	}
	slices.Sort(filters)
	return filters
}

// Requests returns what was asked, oldest first: the last 65,536 requests.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	newest := s.log.requests[max(0, len(s.log.requests)-maxRequests):]
	requests := make([]Request, len(newest))
	for i, r := range newest {
		r.Query = maps.Clone(r.Query)
		requests[i] = r
	}
	return requests
}

// Count returns how many requests of an operation were answered, with success
// or not, or struck by a fault.
func (s *Server) Count(op Operation) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.counts[op]
}

// Verified reports whether the details of an image were asked for, and shown,
// after it had been uploaded.
func (s *Server) Verified(imageID string) bool {
	return slices.ContainsFunc(s.Requests(), func(r Request) bool {
		return r.Operation == OpGet && r.ImageID == imageID && r.Status == http.StatusOK && !r.Draft
	})
}

// ResetRequests forgets the requests so far, for a test that looks only at
// what comes after its preparations.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
	clear(s.log.counts)
}

// requestLog holds at most twice maxRequests, so that forgetting is rare.
type requestLog struct {
	mu       sync.Mutex
	requests []Request
	counts   map[Operation]int
}

// add records a call that was answered.
func (l *requestLog) add(c *call, status int) {
	r := Request{
		Time:      c.now,
		Operation: c.op,
		AccountID: c.accountID,
		Batch:     c.batch,
		ImageID:   c.imageID,
		SourceURL: c.sourceURL,
		Proto:     c.request.Proto,
		Method:    c.request.Method,
		Path:      c.request.URL.EscapedPath(),
		Query:     c.request.URL.Query(),
		Status:    status,
		Draft:     c.showedDraft,
	}
	if strings.HasPrefix(r.Path, uploadPath) {
		r.Path = uploadPath + redacted
	}
	if r.SourceURL != "" {
		r.SourceURL = withoutSecrets(r.SourceURL)
	}
	if r.Query.Has("sig") {
		r.Query.Set("sig", redacted)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) >= 2*maxRequests {
		l.requests = slices.Delete(l.requests, 0, len(l.requests)-maxRequests)
	}
	l.requests = append(l.requests, r)
	l.counts[r.Operation]++
}
