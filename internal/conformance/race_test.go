//go:build race

package conformance_test

// everyNth is how many bytes the positions of a sweep are apart.
const everyNth = 11

// everyNthCode is which of the error codes of HTTP/2 a write is tested with.
const everyNthCode = 7

// simulatedCalls is how many calls a simulation makes.
const simulatedCalls = 10_000
