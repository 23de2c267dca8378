package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cfimages/cfimages-go/imagestest"
)

const failUsage = "make requests fail, by `operation=failure*times`, such as list=503*2 or create=lost; repeat it for more.\n" +
	"operation: list, create, upload, get, blob, delete, batchtoken or delivery\n" +
	"failure: a status from 400; edge (a page of HTML, 502); reset, stall or cut (no whole reply, nothing done); lost (done, but no reply)\n" +
	"times: how many requests in a row, default 1"

// faults collects what the -fail flags say.
type faults struct {
	list []imagestest.Fault
	next map[imagestest.Operation]int // the first request that has no fault yet
}

// add reads one -fail flag. Several for one operation strike one after the other.
func (f *faults) add(text string) error {
	operation, failure, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("must be operation=failure, such as list=503")
	}
	failure, count, counted := strings.Cut(failure, "*")
	fault, err := parseFailure(failure)
	if err != nil {
		return err
	}
	fault.Operation, err = parseOperation(operation)
	if err != nil {
		return err
	}
	fault.Times = 1
	if counted {
		if fault.Times, err = strconv.Atoi(count); err != nil || fault.Times < 1 {
			return fmt.Errorf("times must be a number from 1, got %q", count)
		}
	}
	if f.next == nil {
		f.next = make(map[imagestest.Operation]int)
	}
	fault.Call = f.next[fault.Operation]
	f.next[fault.Operation] += fault.Times
	f.list = append(f.list, fault)
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
	names := make([]string, 0, len(operations))
	for name := range operations {
		names = append(names, name)
	}
	slices.Sort(names)
	return "", fmt.Errorf("operation must be one of %s, got %q", strings.Join(names, ", "), text)
}

func parseFailure(text string) (imagestest.Fault, error) {
	switch text {
	case "edge":
		return imagestest.Fault{Kind: imagestest.EdgePage(http.StatusBadGateway)}, nil
	case "reset":
		return imagestest.Fault{Kind: imagestest.Reset{}}, nil
	case "stall":
		return imagestest.Fault{At: imagestest.AfterRead, Kind: imagestest.Stall{}}, nil
	case "cut":
		return imagestest.Fault{At: imagestest.AfterRead, Kind: imagestest.Cut{}}, nil
	case "lost":
		return imagestest.Fault{At: imagestest.AfterCommit, Kind: imagestest.Reset{}}, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 {
		return imagestest.Fault{}, fmt.Errorf("failure must be a status from 400 to 599, edge, reset, stall, cut or lost, got %q", text)
	}
	reply := imagestest.Refusal(status)
	if status == http.StatusTooManyRequests {
		reply = reply.With("Retry-After", "1")
	}
	return imagestest.Fault{Kind: reply}, nil
}
