// Package sample is stored and compared by the tests.
package sample

import "time"

// Wait is one function.
func Wait(time.Duration) {}
