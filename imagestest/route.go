package imagestest

import (
	"net/http"
	"net/url"
	"strings"
)

// The paths of the server. At Cloudflare, the Batch API and uploads are on separate hosts,
// and so is delivery, except in the form used here.
const (
	apiPath      = "/client/v4"
	batchPath    = "/batch"
	uploadPath   = "/upload/"
	deliveryPath = "/cdn-cgi/imagedelivery/" // as on an account's own domains
)

// Limits of bodies: of image fields or JSON, and of an upload form without its file.
const (
	maxCreateBody = 64 << 10
	maxFormAround = 64 << 10
)

// route returns the endpoint of a request. It uses the escaped path, because the slashes of
// an ID may be escaped or not.
func (s *Server) route(r *http.Request) (endpoint, *call) {
	c := &call{request: r, wire: wireOf(r), stream: takeStream(r.Header), origin: originOf(r)}
	e := s.parsePath(c, r.URL.EscapedPath())
	c.op = e.op
	return e, c
}

func (s *Server) parsePath(c *call, path string) endpoint {
	if rest, ok := strings.CutPrefix(path, apiPath+"/accounts/"); ok {
		account, tail, _ := strings.Cut(rest, "/")
		c.accountID = unescape(account)
		return s.apiEndpoint(c, tail)
	}
	if tail, ok := strings.CutPrefix(path, batchPath+"/"); ok {
		c.batch = true
		return s.apiEndpoint(c, tail)
	}
	if rest, ok := strings.CutPrefix(path, uploadPath); ok {
		hash, id, _ := strings.Cut(rest, "/")
		c.hash, c.imageID = unescape(hash), unescape(id)
		return s.uploadEndpoint(c.request.Method)
	}
	if rest, ok := strings.CutPrefix(path, deliveryPath); ok {
		hash, rest, _ := strings.Cut(rest, "/")
		id, variant := cutLast(rest, "/")
		c.hash, c.imageID, c.variant = unescape(hash), unescape(id), variant
		return deliveryEndpoint(c.request.Method)
	}
	return unknown(noRoute)
}

// methods are the endpoints of a path by method.
type methods map[string]endpoint

// choose returns the endpoint for the method of the call.
func (m methods) choose(c *call) endpoint {
	if e, ok := m[c.request.Method]; ok {
		return e
	}
	return unknown(wrongMethod)
}

// apiEndpoint returns the endpoint of an API path.
func (s *Server) apiEndpoint(c *call, tail string) endpoint {
	switch tail {
	case "images/v2":
		return methods{http.MethodGet: {op: OpList, need: Read, handle: (*Server).listImages}}.choose(c)
	case "images/v2/direct_upload":
		return methods{http.MethodPost: {op: OpCreate, need: Write, maxBody: maxCreateBody, handle: (*Server).createUpload}}.choose(c)
	case "images/v1":
		maxBody := s.maxFileSize + maxFormAround + maxCreateBody
		return methods{http.MethodPost: {op: OpUploadImage, need: Write, maxBody: maxBody, handle: (*Server).uploadImage}}.choose(c)
	}
	if rest, ok := strings.CutPrefix(tail, "images/v1/"); ok && rest != "" {
		return s.v1Endpoint(c, rest)
	}
	return unknown(noRoute)
}

// v1Endpoint distinguishes images from the other resources below images/v1/. Guesses: an
// image whose ID equals the name of the count or the settings can be requested with all
// methods except theirs. An image with an ID such as keys or variants/x cannot be requested
// at all. With an escaped slash, variants%2Fx is the ID of an image. The batch host serves
// only images.
func (s *Server) v1Endpoint(c *call, rest string) endpoint {
	var found endpoint
	first, name, one := strings.Cut(rest, "/")
	switch {
	case first == "keys":
		found = nameEndpoint(c, name, one, keysMethods(), keyMethods())
	case first == "variants":
		found = nameEndpoint(c, name, one, variantsMethods(), variantMethods())
	case rest == "config" && c.request.Method == http.MethodPatch:
		found = endpoint{op: OpConfigure, need: Write, maxBody: maxCreateBody, handle: (*Server).configure}
	case rest == "stats" && c.request.Method == http.MethodGet:
		found = endpoint{op: OpStats, need: Read, handle: (*Server).countImages}
	default:
		return s.imageEndpoint(c, rest)
	}
	if c.batch {
		return unknown(noRoute)
	}
	return found
}

// nameEndpoint returns the endpoint for all variants or keys, or for one of them.
func nameEndpoint(c *call, name string, one bool, all, each methods) endpoint {
	switch {
	case !one:
		return all.choose(c)
	case name == "" || strings.Contains(name, "/"):
		return unknown(noRoute)
	}
	c.name = unescape(name)
	return each.choose(c)
}

func keysMethods() methods {
	return methods{http.MethodGet: {op: OpListKeys, need: Read, handle: (*Server).listKeys}}
}

func keyMethods() methods {
	return methods{
		http.MethodPut:    {op: OpCreateKey, need: Write, handle: (*Server).createKey},
		http.MethodDelete: {op: OpDeleteKey, need: Write, handle: (*Server).deleteKey},
	}
}

func variantsMethods() methods {
	return methods{
		http.MethodGet:  {op: OpListVariants, need: Read, handle: (*Server).listVariants},
		http.MethodPost: {op: OpCreateVariant, need: Write, maxBody: maxCreateBody, handle: (*Server).createVariant},
	}
}

func variantMethods() methods {
	return methods{
		http.MethodGet:    {op: OpGetVariant, need: Read, handle: (*Server).getVariant},
		http.MethodPatch:  {op: OpUpdateVariant, need: Write, maxBody: maxCreateBody, handle: (*Server).updateVariant},
		http.MethodDelete: {op: OpDeleteVariant, need: Write, handle: (*Server).deleteVariant},
	}
}

// imageEndpoint returns the endpoint for one image.
func (s *Server) imageEndpoint(c *call, id string) endpoint {
	e := methods{
		http.MethodGet:    {op: OpGet, need: Read, handle: (*Server).getImage},
		http.MethodPatch:  {op: OpUpdate, need: Write, maxBody: maxCreateBody, handle: (*Server).updateImage},
		http.MethodDelete: {op: OpDelete, need: Write, handle: (*Server).deleteImage},
	}.choose(c)
	if e.op == OpGet {
		return s.getEndpoint(c, id, e)
	}
	if e.op != OpUnknown {
		c.imageID = unescape(id)
	}
	return e
}

// getEndpoint distinguishes the details of an image from the other resources that can be
// read below images/v1/. Guesses: if an image or draft has an ID that ends in /blob, the
// path refers to it, and otherwise to the uploaded file of the image without this
// suffix. An escaped %2Fblob always belongs to the ID. An image with the ID batch_token
// cannot be requested here. The batch host serves neither uploaded files nor tokens.
func (s *Server) getEndpoint(c *call, id string, details endpoint) endpoint {
	original, isBlob := strings.CutSuffix(id, "/blob")
	isBlob = isBlob && original != "" && !s.holds(c, unescape(id))
	isToken := id == "batch_token"
	switch {
	case c.batch && (isBlob || isToken):
		return unknown(noRoute)
	case isToken:
		return endpoint{op: OpBatchToken, need: Read, handle: (*Server).createBatchToken}
	case isBlob:
		c.imageID = unescape(original)
		return endpoint{op: OpBlob, need: Read, handle: (*Server).getBlob}
	}
	c.imageID = unescape(id)
	return details
}

// holds reports whether the account of the request has an image or draft with the ID.
// Credentials are checked later.
func (s *Server) holds(c *call, id string) bool {
	var a *Account
	if c.batch {
		a = s.batch.account(c.request.Header, s.clock)
	} else {
		s.mu.Lock()
		a = s.accounts[c.accountID]
		s.mu.Unlock()
	}
	return a != nil && a.store.get(id) != nil
}

func (s *Server) uploadEndpoint(method string) endpoint {
	switch method {
	case http.MethodPost:
		return endpoint{op: OpUpload, maxBody: s.maxFileSize + maxFormAround, handle: (*Server).upload}
	case http.MethodOptions:
		return endpoint{op: OpPreflight, handle: (*Server).preflight}
	}
	return endpoint{op: OpUpload, handle: wrongMethod}
}

func deliveryEndpoint(method string) endpoint {
	if method == http.MethodGet || method == http.MethodHead {
		return endpoint{op: OpDeliver, handle: (*Server).deliver}
	}
	return endpoint{op: OpDeliver, handle: wrongMethod}
}

func unknown(handle func(*Server, *call) (response, error)) endpoint {
	return endpoint{op: OpUnknown, handle: handle}
}

func noRoute(_ *Server, _ *call) (response, error) {
	return response{}, reject(http.StatusNotFound, codeNoRoute, "Could not route to this path")
}

func wrongMethod(_ *Server, c *call) (response, error) {
	return response{}, reject(http.StatusMethodNotAllowed, codeBadMethod,
		"Method %s not available for this path", c.request.Method)
}

// isAPI reports whether responses to the call have rate-limit headers.
func (c *call) isAPI() bool {
	return strings.HasPrefix(c.request.URL.Path, apiPath+"/")
}

func originOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// unescape decodes a part of a path that net/http has already checked.
func unescape(part string) string {
	text, _ := url.PathUnescape(part)
	return text
}

func cutLast(text, separator string) (before, after string) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", text
	}
	return text[:i], text[i+len(separator):]
}
