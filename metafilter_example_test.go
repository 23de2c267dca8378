package cfimages_test

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"net/url"
	"slices"

	"github.com/google/go-querystring/query"

	"github.com/cfimages/cfimages-go"
)

// printFilter prints the query parameters that a filter is sent as.
func printFilter(filter cfimages.MetaFilter) {
	parameters := make(url.Values)
	if err := filter.EncodeValues("meta", &parameters); err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		fmt.Println(name + "=" + parameters.Get(name))
	}
}

// Conditions are combined with AND. A range with two bounds needs two conditions.
func ExampleWhere() {
	printFilter(cfimages.Where(
		cfimages.Eq("status", "active"),
		cfimages.Gte("priority", 1),
		cfimages.Lte("priority", 5),
	))
	// Output:
	// meta.priority[gte:number]=1
	// meta.priority[lte:number]=5
	// meta.status[eq:string]=active
}

// The type of the value selects the type of the comparison: the number 5 is not equal
// to the string "5".
func ExampleEq() {
	printFilter(cfimages.Where(
		cfimages.Eq("enabled", true),
		cfimages.Eq("priority", 5),
		cfimages.Eq("region.name", "eu-west"),
	))
	// Output:
	// meta.enabled[eq:boolean]=true
	// meta.priority[eq:number]=5
	// meta.region.name[eq:string]=eu-west
}

func ExampleIn() {
	printFilter(cfimages.Where(
		cfimages.In("ratings", 4, 5),
		cfimages.In("status", "pending", "flagged"),
	))
	// Output:
	// meta.ratings[in:number]=4|5
	// meta.status[in:string]=pending|flagged
}

func ExampleGt() {
	printFilter(cfimages.Where(cfimages.Gt("size", 0.5)))
	// Output:
	// meta.size[gt:number]=0.5
}

func ExampleGte() {
	printFilter(cfimages.Where(cfimages.Gte("rating", 4)))
	// Output:
	// meta.rating[gte:number]=4
}

// A range: greater than 0.5 and less than 1.
func ExampleLt() {
	printFilter(cfimages.Where(cfimages.Gt("size", 0.5), cfimages.Lt("size", 1)))
	// Output:
	// meta.size[gt:number]=0.5
	// meta.size[lt:number]=1
}

func ExampleLte() {
	printFilter(cfimages.Where(cfimages.Lte("rating", 4)))
	// Output:
	// meta.rating[lte:number]=4
}

// Cloudflare decides whether the value is a string, a number or a boolean.
func ExampleEqUntyped() {
	printFilter(cfimages.Where(cfimages.EqUntyped("region.name", "eu-west")))
	// Output:
	// meta.region.name[eq]=eu-west
}

// Cloudflare decides the type of the values.
func ExampleInUntyped() {
	printFilter(cfimages.Where(cfimages.InUntyped("status", "pending", "flagged")))
	// Output:
	// meta.status[in]=pending|flagged
}

// Every call validates its filter before it sends a request. Validate does only that,
// for a filter from the configuration of a program or from a user.
func ExampleMetaFilter_Validate() {
	err := cfimages.Where(
		cfimages.Eq("re-gion", "eu"),
		cfimages.In[string]("status"),
	).Validate()
	fmt.Println(errors.Is(err, cfimages.ErrInvalidParams))
	fmt.Println(err)
	// Output:
	// true
	// cfimages: Meta: field "re-gion" contains '-', only letters, digits and underscores are allowed: use such names, with dots between them
	// cfimages: Meta: field "status" has an empty list for in:string: give 1 to 10 values, or leave the condition out
}

// A filter without conditions selects every image. A cleanup job rejects it.
func ExampleMetaFilter_IsZero() {
	var filter cfimages.MetaFilter
	fmt.Println(filter.IsZero(), cfimages.Where(cfimages.Eq("status", "expired")).IsZero())
	// Output: true false
}

// Send a filter with a request of your own, by github.com/google/go-querystring.
func ExampleMetaFilter_EncodeValues() {
	values, err := query.Values(struct {
		Meta cfimages.MetaFilter `url:"meta"`
	}{cfimages.Where(cfimages.Eq("status", "active"))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(values.Get("meta.status[eq:string]"))
	// Output: active
}
