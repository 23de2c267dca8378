//go:build !race

package conformance_test

// everyNth is how many bytes the positions of a sweep are apart.
const everyNth = 1

// everyNthCode is which of the error codes of HTTP/2 a write is tested with.
const everyNthCode = 1

// simulatedCalls is how many calls a simulation makes.
const simulatedCalls = 100_000
