package gallery

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// Limits that the page checks before it asks for an upload URL. The service has
// the last word: these are of Cloudflare's developer documentation, which does
// not say which megabytes it means, and where AVIF is for some plans only.
const (
	maxFileSize   = 10 << 20
	acceptedTypes = "image/png,image/jpeg,image/gif,image/webp,image/svg+xml,image/heic,image/avif"
)

//go:embed web
var web embed.FS

// handlePage registers the page and the files that it consists of.
func handlePage(mux *http.ServeMux, config Config) error {
	page, err := renderPage(config)
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	for _, name := range []string{"page.css", "page.js", "servers.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, web, "web/"+name)
		})
	}
	return nil
}

func renderPage(config Config) ([]byte, error) {
	parsed, err := template.ParseFS(web, "web/page.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = parsed.Execute(&page, map[string]any{
		"Notice":       config.Notice,
		"Private":      config.Signer != nil,
		"MaxFileSize":  maxFileSize,
		"MaxMegabytes": maxFileSize >> 20,
		"Types":        acceptedTypes,
	})
	return page.Bytes(), err
}

// secure sets the headers that confine the page: it runs its own script and
// style only, and speaks to nobody but us and the two origins.
func secure(config Config, next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		fmt.Sprintf("img-src 'self' blob: %s", config.DeliveryOrigin), // blob: previews
		fmt.Sprintf("connect-src 'self' %s", config.UploadOrigin),
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
