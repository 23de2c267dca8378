// Package consumer uses every exported name of cfimages and imagestest as programs
// of other modules do. If an incompatible change is made to a name, it does not compile.
//
// It checks uses that a comparison of declarations does not cover, such as untyped
// arguments, inferred types, loops, and constants as array sizes.
package consumer
