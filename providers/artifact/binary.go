package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Binary is an erlmcpd for Linux.
type Binary struct {
	Arch   string // as GOARCH names it: "amd64", "arm64"
	SHA256 string // of the uncompressed binary, in hex
	Size   int64  // bytes, uncompressed

	read func() ([]byte, error)
}

// Bytes is the binary itself. It is read anew at each call, and is an error
// when it is no longer what SHA256 says.
func (b *Binary) Bytes() ([]byte, error) {
	content, err := b.read()
	if err != nil {
		return nil, err
	}
	if sum := digest(content); sum != b.SHA256 {
		return nil, fmt.Errorf("read the runtime for linux/%s: its SHA-256 is %s, and was %s when it was planned with", b.Arch, sum, b.SHA256)
	}
	return content, nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
