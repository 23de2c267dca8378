package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cfimages/cfimages-go/imagestest"
)

// operations returns the operations by the names that -fail knows.
func operations() map[string]imagestest.Operation {
	return map[string]imagestest.Operation{
		"list":          imagestest.OpList,
		"create":        imagestest.OpCreate,
		"upload":        imagestest.OpUpload,
		"preflight":     imagestest.OpPreflight,
		"get":           imagestest.OpGet,
		"blob":          imagestest.OpBlob,
		"update":        imagestest.OpUpdate,
		"delete":        imagestest.OpDelete,
		"uploadimage":   imagestest.OpUploadImage,
		"stats":         imagestest.OpStats,
		"batchtoken":    imagestest.OpBatchToken,
		"listkeys":      imagestest.OpListKeys,
		"createkey":     imagestest.OpCreateKey,
		"deletekey":     imagestest.OpDeleteKey,
		"listvariants":  imagestest.OpListVariants,
		"getvariant":    imagestest.OpGetVariant,
		"createvariant": imagestest.OpCreateVariant,
		"updatevariant": imagestest.OpUpdateVariant,
		"deletevariant": imagestest.OpDeleteVariant,
		"configure":     imagestest.OpConfigure,
		"delivery":      imagestest.OpDeliver,
		"unknown":       imagestest.OpUnknown,
	}
}

const failUsage = "make requests fail, by `operation=failure*times`, such as list=503*2 or create=lost; may be given several times.\n" +
	"operation, of images: list, get, update, delete, blob, stats, uploadimage (from a backend: a file or a URL), delivery (showing an image)\n" +
	"   of one-time uploads: create (the upload URL), preflight (the OPTIONS request of a browser), upload (the file)\n" +
	"   of variants: listvariants, getvariant, createvariant, updatevariant, deletevariant, configure (enable or disable flexible variants)\n" +
	"   of signing keys: listkeys, createkey, deletekey\n" +
	"   others: batchtoken (for the Batch API), unknown (a path or method that the API does not have)\n" +
	"failure: a status from 400 to 599; edge (a page of HTML, 502); reset, stall or cut (no complete response, nothing done); lost (done, but no response)\n" +
	"times: how many requests in a row, default 1"

// addFault parses one -fail. Several for one operation take effect one after the
// other.
func (o *options) addFault(text string) error {
	name, failure, _ := strings.Cut(text, "=")
	failure, count, counted := strings.Cut(failure, "*")
	fault, err := parseFailure(failure)
	if err != nil {
		return err
	}
	known := operations()
	fault.Operation, fault.Times = known[name], 1
	if fault.Operation == "" {
		return fmt.Errorf("operation must be one of %s, got %q", strings.Join(slices.Sorted(maps.Keys(known)), ", "), name)
	}
	if counted {
		if fault.Times, err = strconv.Atoi(count); err != nil || fault.Times < 1 {
			return fmt.Errorf("times must be a number from 1, got %q", count)
		}
	}
	for _, earlier := range o.faults {
		if earlier.Operation == fault.Operation {
			fault.Call += earlier.Times
		}
	}
	o.faults = append(o.faults, fault)
	return nil
}

func parseFailure(text string) (fault imagestest.Fault, err error) {
	named := map[string]imagestest.Fault{
		"edge":  {Kind: imagestest.EdgePage(http.StatusBadGateway)},
		"reset": {Kind: imagestest.Reset{}},
		"stall": {Kind: imagestest.Stall{}, At: imagestest.AfterRead},
		"cut":   {Kind: imagestest.Cut{}, At: imagestest.AfterRead},
		"lost":  {Kind: imagestest.Reset{}, At: imagestest.AfterCommit},
	}
	if fault, ok := named[text]; ok {
		return fault, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 {
		return fault, fmt.Errorf("must be operation=failure, such as list=503, with a status from 400 to 599, edge, reset, stall, cut or lost, got %q", text)
	}
	response := imagestest.Refusal(status)
	if status == http.StatusTooManyRequests {
		response = response.With("Retry-After", "1")
	}
	return imagestest.Fault{Kind: response}, nil
}
