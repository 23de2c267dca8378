package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
)

// serveFlag, as the first argument, makes a process of this program the server.
const serveFlag = "-serve"

const (
	draftResponse = `{"errors":[],"messages":[],"result":{"id":"` + imageID + `","uploadURL":` +
		`"https://upload.imagedelivery.net/FxUufywByo0m2v3xhKSiU8/` + imageID + `"},"success":true}`
	uploadedResponse = `{"errors":[],"messages":[],"result":{"id":"` + imageID + `"},"success":true}`
)

// server runs in another process, so that its cost is not counted.
type server struct {
	origin      string
	secure      string // the base URL over HTTP/2, TLS and gzip
	certificate *x509.Certificate
	cmd         *exec.Cmd
	leash       io.Closer // the server exits when this is closed or its owner exits
}

// greeting is the one line that the server process writes.
type greeting struct {
	Origin, Secure string
	Certificate    []byte // of Secure, in DER
}

// startServer starts this program again, as the server.
func startServer() (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, serveFlag)
	cmd.Stderr = os.Stderr
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	var hello greeting
	if err := json.NewDecoder(output).Decode(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not print its addresses: %w", err), cmd.Wait())
	}
	s := &server{origin: hello.Origin, secure: hello.Secure, cmd: cmd, leash: leash}
	if s.certificate, err = x509.ParseCertificate(hello.Certificate); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// walk returns the base URL of an API whose list has that many pages.
func (s *server) walk(pages int) string { return fmt.Sprintf("%s/near/%d", s.origin, pages) }

// farWalk returns the same, behind a link with latency and bandwidth.
func (s *server) farWalk(pages int) string { return fmt.Sprintf("%s/far/%d", s.origin, pages) }

func (s *server) uploadURL() string { return s.origin + "/upload" }

func (s *server) close() error {
	s.leash.Close()
	return s.cmd.Wait()
}

// serve is the server process. It prints its addresses, and serves until its
// standard input ends.
func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := newSecureServer()
	if err != nil {
		return err
	}
	defer secure.Close()
	hello := greeting{"http://" + listener.Addr().String(), secure.URL, secure.Certificate().Raw}
	if err := json.NewEncoder(os.Stdout).Encode(hello); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, newHandler()) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}

func newHandler() http.Handler {
	list := newPage()
	link := new(link)
	mux := http.NewServeMux()
	const api = "/{pages}/accounts/{account}/images/v2"
	mux.HandleFunc("GET /near"+api, func(w http.ResponseWriter, r *http.Request) {
		head, tail := pageFor(w, r, list)
		w.Write(head)
		w.Write(tail)
	})
	mux.HandleFunc("GET /far"+api, func(w http.ResponseWriter, r *http.Request) {
		sender := link.accept()
		head, tail := pageFor(w, r, list)
		sender.send(w, head, tail)
	})
	mux.HandleFunc("POST /near"+api+"/direct_upload", drainAndRespond(1, draftResponse))
	mux.HandleFunc("POST /near/{pages}/accounts/{account}/images/v1", drainAndRespond(uploadBytes, uploadedResponse))
	mux.HandleFunc("POST /upload", drainAndRespond(uploadBytes, uploadedResponse))
	return mux
}

// pageFor sets the headers for the requested page, and returns its body.
func pageFor(w http.ResponseWriter, r *http.Request, list page) (head, tail []byte) {
	pages, _ := strconv.Atoi(r.PathValue("pages"))
	next, _ := strconv.Atoi(r.FormValue("continuation_token")) // none: the first page
	if next++; next >= pages {
		next = 0
	}
	head, tail = list.withToken(next)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(tail)))
	return head, tail
}

// drainAndRespond reads a body in large pieces, so that the client does not wait for the server. It
// rejects a shorter body.
func drainAndRespond(shortest int, response string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		buffer, received := make([]byte, 256<<10), 0
		var err error
		for err == nil {
			var n int
			n, err = r.Body.Read(buffer)
			received += n
		}
		if err != io.EOF || received < shortest {
			http.Error(w, fmt.Sprintf("%d bytes of at least %d: %v", received, shortest, err), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, response)
	}
}
