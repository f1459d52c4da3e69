package seal

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

type envelope struct {
	Kind     string          `json:"kind"`
	Format   int             `json:"format"`
	Checksum string          `json:"checksum"`
	Content  json.RawMessage `json:"content"`
}

// Wrap seals content, which must be JSON, as a file of that kind and format.
// Equal content gives equal bytes.
func Wrap(kind string, format int, content []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(content) + 160)
	fmt.Fprintf(&b, "{\"kind\":%q,\"format\":%d,\"checksum\":%q,\n\"content\":", kind, format, Sum(content))
	b.Write(content)
	b.WriteString("}\n")
	return b.Bytes()
}

// Sum is the SHA-256 of content as a checksum is written.
func Sum(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Unwrap returns the content of a sealed file. The error is a sentence without
// its subject, such as "is empty" or "was altered: …".
func Unwrap(kind string, format int, file []byte) ([]byte, error) {
	if len(bytes.TrimSpace(file)) == 0 {
		return nil, fmt.Errorf("is empty")
	}
	var e envelope
	if err := json.Unmarshal(file, &e); err != nil {
		if err := json.NewDecoder(bytes.NewReader(file)).Decode(&e); errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("is cut short: it ends after %d bytes, in the middle", len(file))
		}
		return nil, fmt.Errorf("is damaged, or is another kind of file")
	}
	if e.Kind != kind {
		return nil, fmt.Errorf("is not a file of the kind %s", kind)
	}
	if e.Format != format {
		return nil, fmt.Errorf("has format %d; this erlmcp reads format %d", e.Format, format)
	}
	if subtle.ConstantTimeCompare([]byte(e.Checksum), []byte(Sum(e.Content))) != 1 {
		return nil, fmt.Errorf("was altered: its checksum does not hold")
	}
	return e.Content, nil
}
