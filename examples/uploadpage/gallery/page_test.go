package gallery_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageMayReachTheTwoOriginsOnly(t *testing.T) {
	a := newApp(t)
	w := a.do(http.MethodGet, "/", "")
	require.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: https://images.example; "+
		"connect-src 'self' https://upload.example; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'", w.Header().Get("Content-Security-Policy"))
	assert.Contains(t, w.Body.String(), "&lt;b&gt;Welcome")
	assert.Contains(t, w.Body.String(), "up to 10&nbsp;MB")
	assert.NotRegexp(t, `(?i) style=| on[a-z]+=|<style|<script[^>]*>[^<]`, w.Body.String(), "the policy forbids what is inline")
}

func TestFilesOfThePage(t *testing.T) {
	a := newApp(t)
	for name, contentType := range map[string]string{
		"/":           "text/html; charset=utf-8",
		"/page.css":   "text/css; charset=utf-8",
		"/page.js":    "text/javascript; charset=utf-8",
		"/servers.js": "text/javascript; charset=utf-8",
		"/icon.svg":   "image/svg+xml",
	} {
		w := a.do(http.MethodGet, name, "")
		assert.Equal(t, http.StatusOK, w.Code, name)
		assert.Equal(t, contentType, w.Header().Get("Content-Type"), name)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
	}
	for _, name := range []string{"/page.html", "/web/", "/gallery.go"} {
		assert.Equal(t, http.StatusNotFound, a.do(http.MethodGet, name, "").Code, name)
	}
}

func TestPrivateIsOfferedWithAKeyOnly(t *testing.T) {
	assert.Contains(t, newApp(t).do(http.MethodGet, "/", "").Body.String(), `id="private"`)
	assert.NotContains(t, newAppWith(t, nil).do(http.MethodGet, "/", "").Body.String(), `id="private"`)
}
