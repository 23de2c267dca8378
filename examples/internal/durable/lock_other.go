//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package durable

import "os"

// Lock does nothing on this system: do not use a file in two processes.
func Lock(*os.File) error { return nil }

// SyncDir does nothing: not every system can sync a directory.
func SyncDir(string) error { return nil }
