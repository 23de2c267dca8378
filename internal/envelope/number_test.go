package envelope_test

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go/internal/envelope"
)

func readInt[T int | int64](text string) (n T, err error) {
	err = envelope.ReadInt(envelope.NewDecoder(strings.NewReader(text)), &n)
	return n, err
}

func TestReadInt(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "-0.0": 0, "0e999999999": 0, "0.00E-99999999999999999999": 0, "null": 0,
		"1366": 1366, "1366.0": 1366, "-1366.000": -1366, "1.0": 1,
		"1e5": 100_000, "1E+5": 100_000, "1e00000000000000000000005": 100_000,
		"1.366e3": 1366, "13660e-1": 1366, "0.001366e6": 1366, "-136600.00E-2": -1366,
		"9223372036854775807": 1<<63 - 1, "9223372036854775807.0": 1<<63 - 1, "922337203685477580.7e1": 1<<63 - 1,
		"-9223372036854775808": -1 << 63, "-9.223372036854775808e18": -1 << 63,
		"9007199254740993.0": 1<<53 + 1, // which float64 does not have
		"1e18":               1_000_000_000_000_000_000,
		"1" + strings.Repeat("0", 100_000) + "e-100000":  1,
		"0." + strings.Repeat("0", 100_000) + "1e100001": 1,
	} {
		got, err := readInt[int64](text)
		require.NoError(t, err, "%.30s", text)
		assert.Equal(t, want, got, "%.30s", text)
	}
}

func TestReadIntRejects(t *testing.T) {
	for _, text := range []string{
		"1366.5", "0.5", "1e-1", "15e-1", "1.55e1", "1e-999999999", "1e-99999999999999999999",
		"9223372036854775808", "-9223372036854775809", "9223372036854775808.0", "1e19", "9.3e18", "-1e19",
		`"1366"`, "true", "[1]", "{}",
	} {
		_, err := readInt[int64](text)
		assert.Error(t, err, text)
	}
	if strconv.IntSize == 32 {
		_, err := readInt[int]("2147483648.0")
		assert.Error(t, err)
	}
}

// A response cannot make the library compute a huge number, which would take hours.
func TestReadIntOfHugeNumbers(t *testing.T) {
	for _, text := range []string{
		"1e999999999", "1e2147483647", "1e99999999999999999999", "1e" + strings.Repeat("9", 1<<20),
		strings.Repeat("9", 1<<20), "1." + strings.Repeat("9", 1<<20) + "e999999999",
	} {
		_, err := readInt[int64](text)
		assert.Error(t, err, "%.30s", text)
	}
}

// FuzzReadInt compares ReadInt to math/big, which takes long for large exponents.
func FuzzReadInt(f *testing.F) {
	for _, text := range []string{"1366", "1366.0", "-0.0", "1e5", "1.50E+1", "15e-1", "9223372036854775807.0", "-9.223372036854775809e18", "1e999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !jsontext.Value(text).IsValid() || jsontext.Value(text).Kind() != '0' {
			return
		}
		got, err := readInt[int64](text)
		number := strings.TrimSpace(text)
		if i := strings.IndexAny(number, "eE"); i >= 0 && len(strings.TrimLeft(number[i+1:], "+-0")) > 3 {
			return
		}
		want, ok := new(big.Rat).SetString(number)
		require.True(t, ok, text)
		if !want.IsInt() || !want.Num().IsInt64() {
			require.Error(t, err, text)
			return
		}
		require.NoError(t, err, text)
		require.Equal(t, want.Num().Int64(), got, text)
	})
}
