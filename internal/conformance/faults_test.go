package conformance_test

import "github.com/cfimages/cfimages-go/imagestest"

// on returns a fault of one operation. Options change where and when it applies.
func on(op imagestest.Operation, kind imagestest.Kind, options ...func(*imagestest.Fault)) imagestest.Fault {
	f := imagestest.Fault{Operation: op, Kind: kind}
	for _, option := range options {
		option(&f)
	}
	return f
}

// at is where a fault applies.
func at(p imagestest.Position) func(*imagestest.Fault) {
	return func(f *imagestest.Fault) { f.At = p }
}

// call is the request that a fault affects, counted from 0.
func call(n int) func(*imagestest.Fault) { return func(f *imagestest.Fault) { f.Call = n } }

// times is how many requests in a row a fault affects.
func times(n int) func(*imagestest.Fault) { return func(f *imagestest.Fault) { f.Times = n } }

func faults(all ...imagestest.Fault) []imagestest.Fault { return all }

// refusalOf returns the response of a status, as the API or the edge gives it.
func refusalOf(status int) imagestest.Reply {
	switch {
	case status/100 == 3:
		return imagestest.Reply{Status: status}.With("Location", "/client/v4/accounts/"+imagestest.AccountID+"/images/v2")
	case status >= 502:
		return imagestest.EdgePage(status)
	}
	return imagestest.Refusal(status)
}
