// Package consumer is a program of somebody else, as far as the compiler is
// concerned: another module that uses every name of cfimages and imagestest, in
// the ways in which programs do. It stops compiling when one of them changes.
//
// It sees what a comparison of declarations does not: what may be written with
// them, such as untyped arguments, inferred types, loops, and constants as the
// sizes of arrays.
package consumer
