//go:build race

package conformance_test

// everyNth is how many bytes a sweep goes on at a time.
const everyNth = 11

// simulatedCalls is how many calls a simulation makes.
const simulatedCalls = 10_000
