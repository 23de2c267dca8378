package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/cfimages/cfimages-go"
)

// printer writes one image.
type printer func(*cfimages.Image) error

// newLinePrinter returns a printer of JSON lines.
func newLinePrinter(w io.Writer) printer {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	return func(img *cfimages.Image) error { return lines.Encode(img) }
}

// newTablePrinter returns a printer of table rows. The columns have fixed widths,
// so that a row can be written as soon as its image is received. A wider value is
// not shortened.
func newTablePrinter(w io.Writer) printer {
	row := func(cells ...any) error {
		_, err := fmt.Fprintf(w, "%-36s  %-20s  %-12s  %-16s  %s\n", cells...)
		return err
	}
	headed := false
	return func(img *cfimages.Image) error {
		if !headed {
			headed = true
			if err := row("ID", "UPLOADED", "CREATOR", "FILE NAME", "METADATA"); err != nil {
				return err
			}
		}
		return row(cell(img.ID), img.Uploaded.UTC().Format(time.RFC3339), cell(img.Creator), cell(img.Filename), cell(string(img.Meta)))
	}
}

// cell returns text without terminal control characters.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
