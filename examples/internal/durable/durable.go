// Package durable writes files that survive a crash at any moment: journals of
// JSON lines, and small files that are replaced atomically.
package durable

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// Save atomically replaces the content of a file with the JSON encoding of value.
// Only one process at a time may save a file.
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

// Rename renames a synced file and syncs its new name to the disk.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}
