package imagestest

import "time"

// Limits of direct uploads, from Cloudflare's API reference.
const (
	minExpiry     = 2 * time.Minute
	defaultExpiry = 30 * time.Minute
	maxExpiry     = 6 * time.Hour
)

// expiryLeeway compensates for the travel time of a request with the minimum expiry, which
// is a guess. The exact maximum is accepted, as in the API reference. Cloudflare's local
// simulator rejects it.
const expiryLeeway = 5 * time.Second

// createUpload handles DirectUploads.Create.
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
