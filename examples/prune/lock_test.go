//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneRunAtATime(t *testing.T) {
	bubble(t, old(5), func(t *testing.T, s *setup) {
		_, err := s.prune(s.Context(), console{}, "-all", "-report", s.report)
		require.NoError(t, err)
		before, err := os.ReadFile(s.report)
		require.NoError(t, err)

		other, err := openReport(s.report, s.selection())
		require.NoError(t, err)
		_, err = s.delete("-all")
		require.ErrorContains(t, err, "report "+s.report+": another run is using it")
		after, err := os.ReadFile(s.report)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after))
		assert.Len(t, s.server.Images(), 5)

		require.NoError(t, other.close())
		_, err = s.delete("-all")
		require.NoError(t, err)
		assert.Empty(t, s.server.Images())
	})
}
