// Package durable keeps files that survive a crash at any moment: journals of
// JSON lines, and small files that are replaced in one step.
package durable

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Save replaces a file with a value as JSON, in one step. Only one process may
// do so at a time.
func Save(name string, value any) (err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	temp := name + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return Rename(temp, name)
}

// Rename renames a synced file, and returns when its new name is on the disk.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}
