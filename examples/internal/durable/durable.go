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
func Save(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	temp := name + ".new"
	err = Write(temp, func(file *os.File) error {
		_, err := file.Write(data)
		return err
	})
	if err != nil {
		return err
	}
	return Rename(temp, name)
}

// Write writes a file with fill, and returns when its content is on the disk. A
// file of that name is overwritten. Rename makes the name durable.
func Write(name string, fill func(*os.File) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	if err = fill(file); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// Rename renames a synced file, and returns when its new name is on the disk.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}
