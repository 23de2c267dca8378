//go:build !race

package main

// accountSize is how many images the simulated account has.
const accountSize = 1_000_000
