package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/secret"
)

const canary = "canary-5f1d"

func TestRevealReturnsTheText(t *testing.T) {
	assert.Equal(t, canary, secret.New(canary).Reveal())
	assert.Empty(t, secret.New("").Reveal())
	assert.Empty(t, (*secret.Value)(nil).Reveal())
	assert.Empty(t, new(secret.Value).Reveal())
}

func TestPrintersShowRedacted(t *testing.T) {
	for name, v := range map[string]*secret.Value{"set": secret.New(canary), "zero": new(secret.Value)} {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				assert.Equal(t, "[redacted]", fmt.Sprintf(verb, v), verb)
			}
			for _, encode := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
				encoded, err := encode(v)
				require.NoError(t, err)
				assert.Contains(t, string(encoded), "[redacted]")
			}
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("", "key", v)
			assert.Contains(t, log.String(), "[redacted]")
		})
	}
}

func TestNilIsSafe(t *testing.T) {
	var v *secret.Value
	assert.Equal(t, "[redacted]", v.String())
	assert.Equal(t, "[redacted]", v.GoString())
	assert.Equal(t, "[redacted]", v.LogValue().String())
	encoded, err := v.MarshalJSON()
	require.NoError(t, err)
	assert.JSONEq(t, `"[redacted]"`, string(encoded))
	text, err := v.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "[redacted]", string(text))
}

// An unexported field keeps fmt from calling Value's methods, and so does a
// Value that is not behind its pointer.
func TestHoldersDoNotLeak(t *testing.T) {
	type holder struct{ key *secret.Value }
	inField := holder{secret.New(canary)}
	for _, held := range []any{inField, &inField, []holder{inField}, *secret.New(canary)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			assertHidden(t, fmt.Sprintf(verb, held))
		}
		encoded, err := json.Marshal(held)
		require.NoError(t, err)
		assertHidden(t, string(encoded))

		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "held", held)
		assertHidden(t, log.String())
	}

	// testify prints what differs by walking every field and pointer.
	var report recorder
	assert.Equal(&report, holder{secret.New("another")}, inField)
	assert.Contains(t, report.text, "Not equal")
	assertHidden(t, report.text)
}

func assertHidden(t *testing.T, printed string) {
	t.Helper()
	assert.NotContains(t, printed, canary)
	assert.NotContains(t, printed, fmt.Sprintf("%x", canary))
}

type recorder struct{ text string }

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }
