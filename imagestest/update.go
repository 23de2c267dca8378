package imagestest

import "net/http"

// imageChange contains the fields that an update changes. A nil field is not changed.
type imageChange struct {
	creator  *string
	metadata *string
	signed   *bool
}

// updateImage handles ImagesV1.Update. An image whose access changes gets a new ID. Guesses:
// the old ID no longer exists, a draft cannot be changed, and an update without changes
// succeeds and does nothing.
func (s *Server) updateImage(c *call) (response, error) {
	change, err := s.parseChange(c)
	if err != nil {
		return response{}, err
	}
	for {
		old := c.account.store.get(c.imageID)
		switch {
		case old == nil:
			return response{}, notFound()
		case old.draft:
			return response{}, reject(http.StatusConflict, codeConflict, "Image is a draft: nothing was uploaded yet")
		}
		changed, err := c.account.change(old, change)
		if err != nil {
			return response{}, err
		}
		if c.account.store.replace(old, changed) {
			return success(c.account.renderer(c.origin).appendImage(nil, changed)), nil
		}
	}
}

// change returns the image after a change. Guesses: the upload time is not changed, and an
// ID that is not a UUID is a custom ID.
func (a *Account) change(old *record, change imageChange) (*record, error) {
	changed := &record{
		id:       old.id,
		creator:  old.creator,
		filename: old.filename,
		metadata: old.metadata,
		at:       old.at,
		file:     old.file,
		signed:   old.signed,
	}
	if change.creator != nil {
		changed.creator = *change.creator
	}
	if change.metadata != nil {
		changed.metadata = *change.metadata
	}
	if change.signed == nil || *change.signed == old.signed {
		return changed, nil
	}
	if *change.signed && !isUUID(old.id) {
		return nil, privateCustomID()
	}
	changed.signed = *change.signed
	changed.id = a.newID()
	return changed, nil
}

// parseChange parses the body of an update. Guesses: a creator of null or "" clears the
// creator, and null is rejected in all other fields.
func (s *Server) parseChange(c *call) (imageChange, error) {
	var change imageChange
	body, err := s.parseBody(c, "creator", "metadata", "requireSignedURLs")
	if err != nil {
		return change, err
	}
	if value, ok := body["creator"]; ok {
		change.creator = new(string)
		if value.Kind() == 'n' {
			delete(body, "creator")
		}
		if err := body.setString("creator", change.creator); err != nil {
			return change, err
		}
		if err := checkCreator(*change.creator); err != nil {
			return change, err
		}
	}
	if value, ok := body["metadata"]; ok {
		metadata, err := checkMetadata(value)
		if err != nil {
			return change, err
		}
		change.metadata = &metadata
	}
	if _, ok := body["requireSignedURLs"]; ok {
		change.signed = new(bool)
	}
	return change, body.setBool("requireSignedURLs", change.signed)
}
