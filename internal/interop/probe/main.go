// Command probe lets the Node programs of this folder use cfimages:
//
//	probe upload URL FILE        complete a one-time upload with an Uploader
//	probe sign KEY URL SECONDS   sign a delivery URL, with exp when SECONDS is not 0
//	probe verify KEY URL         check a signed URL
//	probe query                  store, update and filter images, as stdin asks
//
// It answers in JSON. An error of cfimages is an answer, too: {"error":…}.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/cfimages/cfimages-go"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// answer is the result of one question.
type answer struct {
	ID    string   `json:"id,omitempty"`
	IDs   []string `json:"ids,omitempty"`
	URL   string   `json:"url,omitempty"`
	Error string   `json:"error,omitempty"`
	Kind  string   `json:"kind,omitempty"` // which error, by the name of its sentinel

	Image   *cfimages.Image `json:"image,omitempty"`   // as it was stored
	Updated *cfimages.Image `json:"updated,omitempty"` // as an update returned it
	Stored  *cfimages.Image `json:"stored,omitempty"`  // its details after that update
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	out := json.NewEncoder(stdout)
	switch {
	case len(args) == 3 && args[0] == "upload":
		return out.Encode(upload(ctx, args[1], args[2]))
	case len(args) == 4 && args[0] == "sign":
		return out.Encode(sign(args[1], args[2], args[3]))
	case len(args) == 3 && args[0] == "verify":
		return out.Encode(verify(args[1], args[2]))
	case len(args) == 1 && args[0] == "query":
		return query(ctx, stdin, out)
	}
	return errors.New("usage: probe upload URL FILE | sign KEY URL SECONDS | verify KEY URL | query")
}

func upload(ctx context.Context, uploadURL, name string) answer {
	file, err := os.Open(name)
	if err != nil {
		return failure(err)
	}
	defer file.Close()
	img, err := new(cfimages.Uploader).Upload(ctx, uploadURL, cfimages.File{Name: "probe.png", Body: file})
	if err != nil {
		return failure(err)
	}
	return answer{ID: img.ID}
}

func sign(key, deliveryURL, seconds string) answer {
	signer, err := cfimages.NewURLSigner(key)
	if err != nil {
		return failure(err)
	}
	exp, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return failure(err)
	}
	var expires time.Time
	if exp != 0 {
		expires = time.Unix(exp, 0)
	}
	signed, err := signer.Sign(deliveryURL, expires)
	if err != nil {
		return failure(err)
	}
	return answer{URL: signed}
}

func verify(key, signedURL string) answer {
	signer, err := cfimages.NewURLSigner(key)
	if err != nil {
		return failure(err)
	}
	if err := signer.Verify(signedURL, time.Now()); err != nil {
		return failure(err)
	}
	return answer{URL: signedURL}
}

// failure returns an error as an answer, with the name of its sentinel.
func failure(err error) answer {
	a := answer{Error: err.Error()}
	for kind, sentinel := range map[string]error{
		"badRequest":       cfimages.ErrBadRequest,
		"conflict":         cfimages.ErrConflict,
		"expired":          cfimages.ErrURLExpired,
		"gone":             cfimages.ErrGone,
		"invalidParams":    cfimages.ErrInvalidParams,
		"notFound":         cfimages.ErrNotFound,
		"signatureInvalid": cfimages.ErrSignatureInvalid,
	} {
		if errors.Is(err, sentinel) {
			a.Kind = kind
		}
	}
	return a
}
