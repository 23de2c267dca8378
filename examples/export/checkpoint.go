package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkpoint is how far an export has come.
type checkpoint struct {
	Settings string `json:"settings"` // what is exported, and how
	Token    string `json:"token"`    // of the next page; "" is the first
	Pages    int    `json:"pages"`
	Images   mark   `json:"images"`
	Files    mark   `json:"files"`
	Failed   mark   `json:"failed"`
	Done     bool   `json:"done"`
}

// loadCheckpoint reads a checkpoint. The error is fs.ErrNotExist if there is none.
func loadCheckpoint(name string) (*checkpoint, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := new(checkpoint)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("the checkpoint %s is damaged: %w; restore it from a backup, or remove it and what belongs to it to export all anew", name, err)
	}
	return c, nil
}

// save puts the checkpoint in the place of the one before, in one step that
// survives a crash at any moment.
func (c *checkpoint) save(name string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	temp := name + ".new" // whoever has the lock of the export may overwrite it
	if err := writeSynced(temp, data); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func writeSynced(name string, data []byte) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// isMissing reports whether err is that of a file that is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
