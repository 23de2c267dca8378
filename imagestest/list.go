package imagestest

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of per_page, from Cloudflare's published schema.
const (
	minPerPage     = 10
	defaultPerPage = 1000
	maxPerPage     = 10000
)

// listQuery is the parsed query of a list request.
type listQuery struct {
	accountID  string
	perPage    int
	ascending  bool
	creator    *string // nil: any; "": not set
	conditions []condition
	token      string // "": the first page
	detours    byte   // of the token
	after      *position
}

// listImages handles ImagesV2.List. The continuation token precedes the images, as in the
// sample response of the API reference.
func (s *Server) listImages(c *call) (response, error) {
	q, err := s.parseListQuery(c)
	if err != nil {
		return response{}, err
	}
	page, more := c.account.store.page(q)
	token := ""
	if more {
		token = continuationToken(q, page[len(page)-1].at, 0)
	}
	return listResponse(c, page, token), nil
}

// listResponse returns the response with a page.
func listResponse(c *call, page []*record, token string) response {
	result := make([]byte, 0, 64+512*len(page))
	result = append(result, `{"continuation_token":`...)
	if token != "" {
		result = appendString(result, token)
	} else {
		result = append(result, "null"...)
	}
	result = append(result, `,"images":[`...)
	r := c.account.renderer(c.origin)
	for i, rec := range page {
		if i > 0 {
			result = append(result, ',')
		}
		result = r.appendImage(result, rec)
	}
	return success(append(result, "]}"...))
}

// parseListQuery parses the query of a list request. Guesses: duplicate parameters are
// rejected, unknown ones are ignored, an empty token selects the first page.
func (s *Server) parseListQuery(c *call) (*listQuery, error) {
	params, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return nil, badRequest("Malformed query: %v", err)
	}
	if err := s.checkParams(params); err != nil {
		return nil, err
	}
	q := &listQuery{accountID: c.account.id}
	if q.perPage, err = parsePerPage(params); err != nil {
		return nil, err
	}
	if q.ascending, err = parseSortOrder(params); err != nil {
		return nil, err
	}
	if params.Has("creator") {
		q.creator = new(params.Get("creator"))
	}
	if q.conditions, err = parseFilters(params); err != nil {
		return nil, err
	}
	if q.token = params.Get("continuation_token"); q.token != "" && !q.readToken() {
		return nil, badRequest("Invalid continuation_token")
	}
	return q, nil
}

func (s *Server) checkParams(params url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch name {
		case "continuation_token", "creator", "per_page", "sort_order":
			if len(params[name]) > 1 {
				return badRequest("Query parameter '%s' given more than once", name)
			}
		default:
			if !strings.HasPrefix(name, "meta") && s.enforces(RefuseUnknownParams) {
				return badRequest("Unknown query parameter: '%s'", name)
			}
		}
	}
	return nil
}

// parsePerPage parses a number. The API reference has the type number, not integer.
func parsePerPage(params url.Values) (int, error) {
	if !params.Has("per_page") {
		return defaultPerPage, nil
	}
	n, err := strconv.ParseFloat(params.Get("per_page"), 64)
	if err != nil || n != math.Trunc(n) || n < minPerPage || n > maxPerPage {
		return 0, badRequest("Invalid per_page: '%s', expected a whole number from %d to %d",
			params.Get("per_page"), minPerPage, maxPerPage)
	}
	return int(n), nil
}

func parseSortOrder(params url.Values) (ascending bool, err error) {
	if !params.Has("sort_order") {
		return false, nil
	}
	switch order := params.Get("sort_order"); order {
	case "asc":
		return true, nil
	case "desc":
		return false, nil
	default:
		return false, badRequest("Invalid sort_order: '%s', expected 'asc' or 'desc'", order)
	}
}
