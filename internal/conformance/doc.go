// Package conformance tests the library from the outside: real clients call a
// server that fails on request, and each test states the outcome. It has tests
// only; README.md says how to read a case, and how to add one.
package conformance
