package imagestest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// uuid returns the nth generated ID. It has the layout of a random UUID and is the same in
// every run.
func uuid(n uint64) string {
	sum := digest("image", n)
	sum[6] = sum[6]&0x0f | 0x40 // version 4
	sum[8] = sum[8]&0x3f | 0x80 // variant of RFC 9562
	var text [36]byte
	hex.Encode(text[:8], sum[:4])
	hex.Encode(text[9:13], sum[4:6])
	hex.Encode(text[14:18], sum[6:8])
	hex.Encode(text[19:23], sum[8:10])
	hex.Encode(text[24:], sum[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// isUUID reports whether id has the layout of a UUID, in lower or upper case.
func isUUID(id string) bool {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:])
	return err == nil
}

// rayID returns the Cf-Ray header of the nth request: sixteen hexadecimal digits and the
// code of a data center that does not exist.
func rayID(n uint64) string {
	sum := digest("ray", n)
	return fmt.Sprintf("%x-TST", sum[:8])
}

// accountHash returns the account hash, which delivery URLs contain.
func accountHash(accountID string) string {
	if accountID == AccountID {
		return AccountHash
	}
	sum := sha256.Sum256([]byte("imagestest account " + accountID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func digest(kind string, n uint64) [sha256.Size]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("imagestest "+kind+" "), n))
}
