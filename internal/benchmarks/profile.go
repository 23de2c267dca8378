package main

import (
	"errors"
	"os"
	"runtime/pprof"
)

// profile measures, and writes the requested profiles.
func (p plan) profile(measure func() ([]*table, error)) (tables []*table, err error) {
	if p.cpuProfile != "" {
		file, err := os.Create(p.cpuProfile)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return nil, err
		}
		defer pprof.StopCPUProfile()
	}
	tables, err = measure()
	if err == nil && p.memProfile != "" {
		err = writeMemProfile(p.memProfile)
	}
	return tables, err
}

func writeMemProfile(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
