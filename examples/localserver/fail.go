package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cfimages/cfimages-go/imagestest"
)

const failUsage = "make requests fail, by `operation=failure*times`, such as list=503*2 or create=lost; may be given several times.\n" +
	"operation: list, create, upload, get, blob, delete, batchtoken or delivery\n" +
	"failure: a status from 400; edge (a page of HTML, 502); reset, stall or cut (no complete response, nothing done); lost (done, but no response)\n" +
	"times: how many requests in a row, default 1"

// faults are the values of the -fail flags.
type faults []imagestest.Fault

// add parses one -fail flag. Several for one operation take effect one after the
// other.
func (f *faults) add(text string) error {
	operation, failure, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("must be operation=failure, such as list=503")
	}
	failure, count, counted := strings.Cut(failure, "*")
	fault, err := parseFailure(failure)
	if err != nil {
		return err
	}
	if fault.Operation, err = parseOperation(operation); err != nil {
		return err
	}
	fault.Times = 1
	if counted {
		if fault.Times, err = strconv.Atoi(count); err != nil || fault.Times < 1 {
			return fmt.Errorf("times must be a number from 1, got %q", count)
		}
	}
	for _, earlier := range *f {
		if earlier.Operation == fault.Operation {
			fault.Call += earlier.Times
		}
	}
	*f = append(*f, fault)
	return nil
}

func parseOperation(text string) (imagestest.Operation, error) {
	operations := map[string]imagestest.Operation{
		"list":       imagestest.OpList,
		"create":     imagestest.OpCreate,
		"upload":     imagestest.OpUpload,
		"get":        imagestest.OpGet,
		"blob":       imagestest.OpBlob,
		"delete":     imagestest.OpDelete,
		"batchtoken": imagestest.OpBatchToken,
		"delivery":   imagestest.OpDeliver,
	}
	if op, ok := operations[text]; ok {
		return op, nil
	}
	names := slices.Sorted(maps.Keys(operations))
	return "", fmt.Errorf("operation must be one of %s, got %q", strings.Join(names, ", "), text)
}

func parseFailure(text string) (fault imagestest.Fault, err error) {
	failures := map[string]imagestest.Fault{
		"edge":  {Kind: imagestest.EdgePage(http.StatusBadGateway)},
		"reset": {Kind: imagestest.Reset{}},
		"stall": {Kind: imagestest.Stall{}, At: imagestest.AfterRead},
		"cut":   {Kind: imagestest.Cut{}, At: imagestest.AfterRead},
		"lost":  {Kind: imagestest.Reset{}, At: imagestest.AfterCommit},
	}
	if fault, ok := failures[text]; ok {
		return fault, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 {
		return fault, fmt.Errorf("failure must be a status from 400 to 599, edge, reset, stall, cut or lost, got %q", text)
	}
	response := imagestest.Refusal(status)
	if status == http.StatusTooManyRequests {
		response = response.With("Retry-After", "1")
	}
	return imagestest.Fault{Kind: response}, nil
}
