package cfimages_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cfimages/cfimages-go"
)

// FuzzURLSigner: what Sign returns verifies, and no longer does when any one
// byte of it after the host is changed.
func FuzzURLSigner(f *testing.F) {
	f.Add("h/bc27a117-9509-446b-8c69-c81bfeac0a01/public", int64(4102444800), uint(3), byte('#'))
	f.Add("h/i/public?w=640&b", int64(0), uint(12), byte('&'))
	f.Add("h/100%25/ü?", int64(1), uint(0), byte('?'))
	f.Add("h/a%2Fb/c%c3", int64(-1), uint(5), byte('%'))
	f.Add("h//i/[!'()*];=,?s%69g=1", int64(7), uint(30), byte(0))
	signer := newSigner(f, signingKey)
	f.Fuzz(func(t *testing.T, rest string, seconds int64, position uint, replacement byte) {
		const host = "https://imagedelivery.net"
		var expires time.Time
		if seconds != 0 {
			expires = time.Unix(seconds, 0)
		}
		signed, err := signer.Sign(host+"/"+rest, expires)
		if err != nil {
			require.ErrorIs(t, err, cfimages.ErrInvalidParams)
			return
		}
		target, ok := strings.CutPrefix(signed, host)
		require.True(t, ok)
		now := time.Unix(1, 0)
		require.NoError(t, signer.Verify(signed, now))

		changed := []byte(target)
		i := position % uint(len(changed))
		if changed[i] == replacement {
			return
		}
		changed[i] = replacement
		assert.Error(t, signer.Verify(host+string(changed), now))
	})
}

func hmacSHA256(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return fmt.Sprintf("%x", mac.Sum(nil))
}
