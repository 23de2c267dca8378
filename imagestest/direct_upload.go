package imagestest

import "time"

// Rules of direct uploads, of Cloudflare's API reference.
const (
	minExpiry     = 2 * time.Minute
	defaultExpiry = 30 * time.Minute
	maxExpiry     = 6 * time.Hour
)

// expiryLeeway lets a request that asks for the minimum take its time on the
// way: a guess. An expiry of exactly the maximum is accepted, as the
// reference allows; Cloudflare's local simulator refuses it.
const expiryLeeway = 5 * time.Second

// createUpload answers DirectUploads.Create.
func (s *Server) createUpload(c *call) (response, error) {
	parts, err := c.parseForm()
	if err != nil {
		return response{}, err
	}
	fields, err := s.parseFields(parts, "expiry")
	if err != nil {
		return response{}, err
	}
	expires, err := parseExpiry(fields["expiry"], c.now)
	if err != nil {
		return response{}, err
	}
	params, err := fields.imageParams()
	if err != nil {
		return response{}, err
	}
	draft := c.account.newRecord(params, c.now)
	draft.draft = true
	if !c.account.store.addLink(draft, expires, c.now) {
		return response{}, idTaken()
	}
	c.imageID, c.showedDraft = draft.id, true
	result := appendString([]byte(`{"id":`), draft.id)
	result = append(result, `,"uploadURL":`...)
	result = appendString(result, c.origin+uploadPath+c.account.hash+"/"+escapeID(draft.id))
	return success(append(result, '}')), nil
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
