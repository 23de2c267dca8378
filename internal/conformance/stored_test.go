package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/imagestest"
)

// imageID is the ID of the image that every fixture has, and that stored calls
// "image". Only an image whose ID Cloudflare chose can become private.
const imageID = "2cdc28f0-017a-49c4-9ed7-87056c83901f"

// before is what a fixture stores: an image, and a draft that waits for its upload.
const before = "image (draft)"

// stored returns what the server stores: images, and (drafts), and after a
// semicolon each what differs from a new fixture's variants, signing keys and settings.
func (f *fixture) stored() string {
	var names []string
	for _, img := range f.server.Images() {
		names = append(names, nameOf(img))
	}
	parts := []string{strings.Join(names, " ")}
	if variants := f.variants(); variants != "public thumb" {
		parts = append(parts, "variants "+variants)
	}
	if keys := f.keys(); keys != "default key-2" {
		parts = append(parts, "keys "+keys)
	}
	var settings struct {
		Flexible bool `json:"flexible_variants"`
	}
	if f.look("PATCH", "config", "{}", &settings); settings.Flexible {
		parts = append(parts, "flexible")
	}
	return strings.Join(parts, "; ")
}

// nameOf returns an image's ID, and what was changed of it.
func nameOf(img cfimages.Image) string {
	name := img.ID
	switch {
	case img.ID == imageID:
		name = "image"
	case len(img.ID) == len(imageID):
		name = "generated"
	}
	if img.Creator != "" {
		name += ":" + img.Creator
	}
	if img.RequireSignedURLs {
		name += ":private"
	}
	if img.Draft {
		return "(" + name + ")"
	}
	return name
}

// variants returns the IDs of the variants, and the width of one that is not as at first.
func (f *fixture) variants() string {
	var result struct {
		Variants map[string]struct {
			Options struct {
				Width int `json:"width"`
			} `json:"options"`
		} `json:"variants"`
	}
	f.look("GET", "variants", "", &result)
	var names []string
	for _, id := range slices.Sorted(maps.Keys(result.Variants)) {
		if width := result.Variants[id].Options.Width; width != thumb.Width {
			id = fmt.Sprint(id, ":", width)
		}
		names = append(names, id)
	}
	return strings.Join(names, " ")
}

// keys returns the names of the signing keys.
func (f *fixture) keys() string {
	var result struct {
		Keys []struct {
			Name string `json:"name"`
		} `json:"keys"`
	}
	f.look("GET", "keys", "", &result)
	var names []string
	for _, key := range result.Keys {
		names = append(names, key.Name)
	}
	return strings.Join(names, " ")
}

// look asks the server for a result directly, by no connection, and with a token that
// nothing else uses, so that no rate limit counts it. Faults that have not been used yet would affect it.
func (f *fixture) look(method, path, body string, result any) {
	token := "look-at-" + path
	f.server.Account(imagestest.AccountID).AddToken(token, imagestest.Write)
	url := f.server.URL() + "/accounts/" + imagestest.AccountID + "/images/v1/" + path
	req := httptest.NewRequest(method, url, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	f.server.Handler().ServeHTTP(recorder, req)
	f.looks++
	envelope := struct{ Result any }{result}
	if err := json.Unmarshal(recorder.Body.Bytes(), &envelope); err != nil || recorder.Code != 200 {
		panic(fmt.Sprintf("%s %s: %d %s", method, path, recorder.Code, recorder.Body))
	}
}
