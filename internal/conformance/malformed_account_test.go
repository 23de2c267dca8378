package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cfimages/cfimages-go"
	"github.com/cfimages/cfimages-go/internal/canned"
)

// The results of calls on an account's counts, variants and signing keys.
func TestMalformedResultsOfTheAccount(t *testing.T) {
	variant := func(text string) string { return `{"variants":{"a":` + text + `},"variant":` + text + `}` }
	variants := []string{"ListVariants", "GetVariant", "CreateVariant", "UpdateVariant"}
	oneVariant, keys := variants[1:], []string{"ListKeys", "CreateKey"}
	tests := map[string]struct {
		calls  []string
		result string
	}{
		"no count":                  {[]string{"Stats"}, `{"counts":{"allowed":1,"current":1}}`},
		"count null":                {[]string{"Stats"}, `{"count":null}`},
		"count a number":            {[]string{"Stats"}, `{"count":1}`},
		"no current count":          {[]string{"Stats"}, `{"count":{"allowed":1}}`},
		"no allowed count":          {[]string{"Stats"}, `{"count":{"current":1}}`},
		"current count null":        {[]string{"Stats"}, `{"count":{"allowed":1,"current":null}}`},
		"current count a string":    {[]string{"Stats"}, `{"count":{"allowed":1,"current":"1"}}`},
		"current count negative":    {[]string{"Stats"}, `{"count":{"allowed":1,"current":-1}}`},
		"current count a fraction":  {[]string{"Stats"}, `{"count":{"allowed":1,"current":1.5}}`},
		"current count -1.0":        {[]string{"Stats"}, `{"count":{"allowed":1,"current":-1.0}}`},
		"current count immense":     {[]string{"Stats"}, `{"count":{"allowed":1,"current":1e999999999}}`},
		"allowed count too large":   {[]string{"Stats"}, `{"count":{"allowed":9223372036854775808,"current":1}}`},
		"variants null":             {variants, `{"variants":null,"variant":null}`},
		"variants an array":         {variants, `{"variants":[],"variant":[]}`},
		"variant null":              {variants, variant(`null`)},
		"variant a string":          {variants, variant(`"a"`)},
		"variant without ID":        {oneVariant, variant(`{"options":{"width":1}}`)},
		"variant with an empty ID":  {oneVariant, variant(`{"id":""}`)},
		"variant ID a number":       {variants, variant(`{"id":1}`)},
		"variant options an array":  {variants, variant(`{"id":"a","options":[]}`)},
		"variant options a string":  {variants, variant(`{"id":"a","options":"fit=cover"}`)},
		"variant fit a number":      {variants, variant(`{"id":"a","options":{"fit":1}}`)},
		"variant width a string":    {variants, variant(`{"id":"a","options":{"width":"1366"}}`)},
		"variant width a fraction":  {variants, variant(`{"id":"a","options":{"width":0.5}}`)},
		"variant width 1366.5":      {variants, variant(`{"id":"a","options":{"width":1366.5}}`)},
		"variant height too large":  {variants, variant(`{"id":"a","options":{"height":1e30}}`)},
		"variant metadata a bool":   {variants, variant(`{"id":"a","options":{"metadata":true}}`)},
		"variant TTL negative":      {variants, variant(`{"id":"a","options":{"browser_ttl":-1}}`)},
		"variant TTL too large":     {variants, variant(`{"id":"a","options":{"browser_ttl":9223372037}}`)},
		"variant TTL 1e18":          {variants, variant(`{"id":"a","options":{"browser_ttl":1e18}}`)},
		"variant TTL a string":      {variants, variant(`{"id":"a","options":{"browser_ttl":"1h"}}`)},
		"variant openness a string": {variants, variant(`{"id":"a","neverRequireSignedURLs":"true"}`)},
		"keys null":                 {keys, `{"keys":null}`},
		"keys an object":            {keys, `{"keys":{"new":"canary"}}`},
		"key null":                  {keys, `{"keys":[null]}`},
		"key a string":              {keys, `{"keys":["canary"]}`},
		"key without a name":        {keys, `{"keys":[{"value":"canary"}]}`},
		"key name a number":         {keys, `{"keys":[{"name":1,"value":"canary"}]}`},
		"key without a value":       {keys, `{"keys":[{"name":"new"}]}`},
		"key with an empty value":   {keys, `{"keys":[{"name":"new","value":""}]}`},
		"key value a number":        {keys, `{"keys":[{"name":"new","value":1}]}`},
		"key value an object":       {keys, `{"keys":[{"name":"new","value":{"canary":1}}]}`},
		"no keys after a create":    {keys[1:], `{"keys":[]}`},
		"another key is created":    {keys[1:], `{"keys":[{"name":"newer","value":"canary"}]}`},
	}
	for name, tt := range tests {
		all := calls(newClient(t, canned.JSON(`{"success":true,"result":`+tt.result+`}`)))
		for _, call := range tt.calls {
			t.Run(name+" "+call, func(t *testing.T) {
				err := all[call](t.Context())
				requireMalformed(t, err)
				assert.NotContains(t, err.Error(), "canary")
			})
		}
	}
}

// A response without an end does not fill the memory with variants or keys.
func TestVariantsAndKeysAreBounded(t *testing.T) {
	results := map[string]string{
		"ListVariants": `{"variants":{` + strings.Repeat(`"a":{},`, 2000) + `"a":{}}}`,
		"ListKeys":     `{"keys":[` + strings.Repeat(`{"name":"a","value":"b"},`, 2000) + `{"name":"a","value":"b"}]}`,
	}
	for call, result := range results {
		err := calls(newClient(t, canned.JSON(`{"success":true,"result":`+result+`}`)))[call](t.Context())
		assert.ErrorIs(t, err, cfimages.ErrResponseTooLarge, call)
	}
}
