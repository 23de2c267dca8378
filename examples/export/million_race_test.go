//go:build race

package main

// accountSize is how many images the simulated account has: a million take too
// long with the race detector.
const accountSize = 100_000
