package gallery

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed web
var web embed.FS

// handlePage registers the page and its files.
func handlePage(mux *http.ServeMux, config Config) error {
	parsed, err := template.ParseFS(web, "web/page.html")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := parsed.Execute(&page, config); err != nil {
		return err
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page.Bytes())
	})
	for _, name := range []string{"page.css", "page.js", "servers.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, web, "web/"+name)
		})
	}
	return nil
}

// secure sets headers that restrict the page: it may use only its own script and
// style, and may connect only to the application and to the two origins.
func secure(config Config, next http.Handler) http.Handler {
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' blob: " + config.DeliveryOrigin + "; " + // blob: previews
		"connect-src 'self' " + config.UploadOrigin + "; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
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
