package imagestest

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Rules of direct uploads, of Cloudflare's API reference.
const (
	maxIDLength   = 1024 // characters
	minExpiry     = 2 * time.Minute
	defaultExpiry = 30 * time.Minute
	maxExpiry     = 6 * time.Hour
)

// expiryLeeway lets a request that asks for the minimum take its time on the
// way: a guess. An expiry of exactly the maximum is accepted, as the
// reference allows; Cloudflare's local simulator refuses it.
const expiryLeeway = 5 * time.Second

// draftParams is what a direct upload is created with.
type draftParams struct {
	id, creator string
	metadata    string
	signed      bool
	expires     time.Time
}

// createUpload answers DirectUploads.Create.
func (s *Server) createUpload(c *call) (reply, error) {
	parts, err := c.parseForm()
	if err != nil {
		return reply{}, err
	}
	fields, err := s.parseFields(parts)
	if err != nil {
		return reply{}, err
	}
	params, err := fields.draftParams(c.now)
	if err != nil {
		return reply{}, err
	}
	if params.id == "" {
		params.id = c.account.newID()
	}
	draft := &record{
		id:       params.id,
		creator:  params.creator,
		metadata: params.metadata,
		signed:   params.signed,
		draft:    true,
		at:       position{milli: c.now.UnixMilli()},
	}
	if !c.account.store.addLink(draft, params.expires, c.now) {
		// A guess: nothing published says what happens to an ID that is taken.
		return reply{}, refuse(http.StatusConflict, codeConflict, "Image with that ID already exists")
	}
	c.imageID, c.showedDraft = draft.id, true
	result := appendString([]byte(`{"id":`), draft.id)
	result = append(result, `,"uploadURL":`...)
	result = appendString(result, c.origin+uploadPath+c.account.hash+"/"+escapeID(draft.id))
	return success(append(result, '}')), nil
}

// draftParams checks the fields of a direct upload. An empty field counts as
// one not given: a guess.
func (f createFields) draftParams(now time.Time) (draftParams, error) {
	p := draftParams{id: f["id"], creator: f["creator"]}
	var err error
	if p.metadata, err = compactMetadata([]byte(f["metadata"])); err != nil {
		return p, badRequest("Invalid metadata: %v", err)
	}
	if len(f["metadata"]) > maxMetadata {
		return p, badRequest("Invalid metadata: %d bytes, maximum %d allowed", len(f["metadata"]), maxMetadata)
	}
	if p.expires, err = parseExpiry(f["expiry"], now); err != nil {
		return p, err
	}
	switch f["requireSignedURLs"] {
	case "", "false":
	case "true":
		p.signed = true
	default:
		return p, badRequest("Invalid requireSignedURLs: '%s', expected 'true' or 'false'", f["requireSignedURLs"])
	}
	if p.signed && p.id != "" {
		return p, badRequest("Private custom ID is not supported")
	}
	return p, checkCustomID(p.id)
}

func checkCustomID(id string) error {
	switch n := utf8.RuneCountInString(id); {
	case !utf8.ValidString(id):
		return badRequest("CustomID must be UTF-8")
	case n > maxIDLength:
		return badRequest("CustomID too long: %d characters provided, maximum %d allowed", n, maxIDLength)
	case strings.HasPrefix(id, "/") || strings.HasSuffix(id, "/"):
		return badRequest("CustomID must not start or end with a slash")
	case isUUID(id):
		return badRequest("CustomID must not be UUID")
	}
	return nil
}

func parseExpiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now.Add(defaultExpiry), nil
	}
	expires, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, badRequest("Invalid expiry: '%s' is not an RFC 3339 time", text)
	}
	if expires.Before(now.Add(minExpiry-expiryLeeway)) || expires.After(now.Add(maxExpiry)) {
		return time.Time{}, badRequest("expiry is out of accepted bound.")
	}
	return expires, nil
}
