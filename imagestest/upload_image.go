package imagestest

import "slices"

// uploadImage handles ImagesV1.Upload and UploadFromURL.
func (s *Server) uploadImage(c *call) (response, error) {
	parts, err := c.parseForm()
	if err != nil {
		return response{}, err
	}
	fields, err := s.parseFields(slices.DeleteFunc(slices.Clone(parts), isFilePart), "url")
	if err != nil {
		return response{}, err
	}
	params, err := fields.imageParams()
	if err != nil {
		return response{}, err
	}
	filename, f, err := s.takeFile(c, parts, fields["url"])
	if err != nil {
		return response{}, err
	}
	rec := c.account.newRecord(params, c.now)
	rec.filename, rec.file = filename, f
	if !c.account.store.add(rec, c.now) {
		return response{}, idTaken()
	}
	c.imageID = rec.id
	return success(c.account.renderer(c.origin).appendImage(nil, rec)), nil
}

// takeFile returns the file of a form, or the file at its URL. That a form with both is
// rejected is documented; the response is a guess.
func (s *Server) takeFile(c *call, parts []formPart, sourceURL string) (filename string, f *file, err error) {
	if sourceURL == "" {
		return s.parseFile(parts)
	}
	if slices.ContainsFunc(parts, isFilePart) {
		return "", nil, badRequest("Provide a file or a url, not both")
	}
	c.sourceURL = sourceURL
	return s.fetch(sourceURL)
}

func isFilePart(part formPart) bool { return part.name == "file" && part.isFile }
