package main

import (
	"net/url"

	"github.com/cfimages/cfimages-go"
	v7 "github.com/cloudflare/cloudflare-go/v7"
	v7images "github.com/cloudflare/cloudflare-go/v7/images"
	"github.com/google/go-querystring/query"
)

// encodeParams is the query of a list with every parameter and five filters.
func encodeParams(p plan, _ *server) (*table, error) {
	j := job{
		contestants: []contestant{valuesByHand(), ourParams(), v7Params()},
		rounds:      p.rounds,
		repeat:      p.pick(5000, 5),
	}
	results, err := j.run()
	if err != nil {
		return nil, err
	}
	return newTable("Encoding list parameters with five filters", results, timeColumn, bytesColumn, objectsColumn), nil
}

func valuesByHand() contestant {
	return contestant{name: "url.Values by hand", do: func(*probe) error {
		values := url.Values{
			"per_page":           {"1000"},
			"sort_order":         {"asc"},
			"creator":            {"alice"},
			"continuation_token": {"token"},
		}
		addFilters(values)
		_ = values.Encode()
		return nil
	}}
}

func ourParams() contestant {
	params := cfimages.ListParams{
		PerPage:           1000,
		SortOrder:         cfimages.SortAscending,
		Creator:           new("alice"),
		ContinuationToken: "token",
		Meta: cfimages.Where(
			cfimages.Eq("status", "active"),
			cfimages.In("region.name", "eu-west", "us-east"),
			cfimages.Gte("priority", 1),
			cfimages.Lt("priority", 5),
			cfimages.Eq("enabled", true),
		),
	}
	return contestant{name: "cfimages ListParams", do: func(*probe) error {
		values, err := query.Values(params)
		_ = values.Encode()
		return err
	}}
}

// v7Params adds the filters by hand: the SDK's own parameter for them has a
// fixed name.
func v7Params() contestant {
	params := v7images.V2ListParams{
		AccountID:         v7.F(account),
		PerPage:           v7.F(1000.0),
		SortOrder:         v7.F(v7images.V2ListParamsSortOrderAsc),
		Creator:           v7.F("alice"),
		ContinuationToken: v7.F("token"),
	}
	return contestant{name: "cloudflare-go v7.9.0, filters by hand", do: func(*probe) error {
		values := params.URLQuery()
		addFilters(values)
		_ = values.Encode()
		return nil
	}}
}

func addFilters(values url.Values) {
	values.Set("meta.status[eq:string]", "active")
	values.Set("meta.region.name[in:string]", "eu-west|us-east")
	values.Set("meta.priority[gte:number]", "1")
	values.Set("meta.priority[lt:number]", "5")
	values.Set("meta.enabled[eq:boolean]", "true")
}
