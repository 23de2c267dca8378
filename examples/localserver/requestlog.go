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

// logRequests writes a line to out for each request. The status is 0 when the
// client left before there was one.
func logRequests(next http.Handler, out io.Writer) http.Handler {
	lines := log.New(out, "", log.Ltime)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		recorder := &statusRecorder{ResponseWriter: w}
		next.ServeHTTP(recorder, r)
		took := time.Since(started).Round(10 * time.Microsecond)
		lines.Printf("%3d %-6s %s  %v", recorder.status, r.Method, readable(r.URL), took)
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// readable returns the request target. The query is unescaped for its brackets
// and pipes, unless that would put unprintable characters into the log.
func readable(u *url.URL) string {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil || query == "" || strings.ContainsFunc(query, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return u.RequestURI()
	}
	return u.EscapedPath() + "?" + query
}
