package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOfModule(t *testing.T) {
	const mit = "Permission is hereby granted, free of charge, to any person\n  obtaining a copy of this software"
	const apache = `Licensed under the Apache License, Version 2.0 (the "License");`
	const bsd = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted"
	for _, test := range []struct {
		name    string
		files   map[string]string
		want    []string
		problem string
	}{
		{"MIT", map[string]string{"LICENSE": mit}, []string{"MIT"}, ""},
		{"by its other name", map[string]string{"COPYING.md": bsd, "README": ""}, []string{"BSD"}, ""},
		{"two in a file", map[string]string{"LICENSE": mit + apache}, []string{"MIT", "Apache-2.0"}, ""},
		{"ISC", map[string]string{"license.txt": "and/or distribute this software for any purpose with or without fee is hereby granted"}, []string{"ISC"}, ""},
		{"none", map[string]string{"README": mit}, nil, "no licence"},
		{"unknown", map[string]string{"LICENSE": "All rights reserved."}, nil, "none of MIT"},
		{"one of two unknown", map[string]string{"LICENSE": mit, "LICENSE.more": "Ask me."}, nil, "LICENSE.more is none of"},
		{"copyleft besides", map[string]string{"LICENSE": mit + "GNU General Public License"}, nil, "none of MIT"},
		{"four clauses", map[string]string{"LICENSE": bsd + "All advertising materials must"}, nil, "none of MIT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			got, err := ofModule(dir)
			assert.Equal(t, test.want, got)
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
		})
	}
}
