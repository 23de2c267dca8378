package cfimages_test

import (
	"fmt"
	"log"
	"maps"
	"net/url"
	"slices"

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

// Conditions are combined with AND. A range bounded on both sides takes two.
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

// The type of the value decides what it is compared to: the number 5 is not the
// string "5".
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

// Cloudflare decides whether the value is a string, a number or a boolean.
func ExampleEqUntyped() {
	printFilter(cfimages.Where(cfimages.EqUntyped("region.name", "eu-west")))
	// Output:
	// meta.region.name[eq]=eu-west
}

// Every call validates its filter; Validate tells the same beforehand.
func ExampleMetaFilter_Validate() {
	err := cfimages.Where(
		cfimages.Eq("re-gion", "eu"),
		cfimages.In[string]("status"),
	).Validate()
	fmt.Println(err)
	// Output:
	// cfimages: Meta: field "re-gion" contains '-', only letters, digits and underscores are allowed: use such names, with dots between them
	// cfimages: Meta: field "status" has an empty list for in:string: give 1 to 10 values, or leave the condition out
}
