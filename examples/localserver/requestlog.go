package main

import (
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// logRequests writes a line to w for each request that was answered.
func logRequests(next http.Handler, w io.Writer) http.Handler {
	lines := log.New(w, "", log.Ltime)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		watched := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(watched, r)
		took := time.Since(started).Round(10 * time.Microsecond)
		lines.Printf("%3d %-6s %s  %v", watched.status, r.Method, readable(r.URL), took)
	})
}

// statusWriter remembers the status: 0 when the client left before there was one.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status and passes it on.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// readable returns what was asked for, with the brackets and pipes of a filter
// as they are meant, unless there is something in it that would garble the log.
func readable(u *url.URL) string {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil || query == "" || strings.ContainsFunc(query, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return u.RequestURI()
	}
	return u.EscapedPath() + "?" + query
}
