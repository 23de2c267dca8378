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

// maxRequests is the number of requests that a server keeps.
const maxRequests = 1 << 16

const redacted = "[redacted]"

// Request describes a request that the server responded to, or to which a fault was applied.
// It contains no credentials, no one-time upload URL and no signature.
type Request struct {
	Time      time.Time // time of the server's clock when the request had been read
	Operation Operation
	AccountID string // of API requests; on the batch host, the account of the token once it is known
	Batch     bool   // whether the request was sent to the batch host
	ImageID   string // ID of the requested image, or of the created image or draft
	SourceURL string // source of an upload from a URL, without user and password and with its query redacted
	Proto     string // HTTP/1.1 or HTTP/2.0
	Method    string
	Path      string // escaped, as sent; redacted for a one-time upload
	Query     url.Values
	Status    int  // status of the response; 0 if a fault prevented a response
	Draft     bool // whether the response contained a draft
}

// Filters returns the metadata filters of a list request, sorted. Each is in the form of
// the query without the prefix "meta.", such as "status[eq:string]=active".
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

// Requests returns the requests that the server has received, oldest first. Only the last
// 65,536 requests are kept.
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

// Count returns the number of requests of an operation, including failed requests and
// requests to which a fault was applied.
func (s *Server) Count(op Operation) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.counts[op]
}

// Verified reports whether the details of an image were requested and returned after its
// upload had completed.
func (s *Server) Verified(imageID string) bool {
	return slices.ContainsFunc(s.Requests(), func(r Request) bool {
		return r.Operation == OpGet && r.ImageID == imageID && r.Status == http.StatusOK && !r.Draft
	})
}

// ResetRequests discards the recorded requests and resets the counts of [Server.Count].
// Use it after the setup of a test.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
	clear(s.log.counts)
}

// requestLog keeps up to twice maxRequests, so that it rarely has to discard any.
type requestLog struct {
	mu       sync.Mutex
	requests []Request
	counts   map[Operation]int
}

// add records a completed call. A status of 0 means that no response was sent.
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
