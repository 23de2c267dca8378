// Package sample is what the tests store and compare.
package sample

import "time"

// Wait is one function.
func Wait(time.Duration) {}
