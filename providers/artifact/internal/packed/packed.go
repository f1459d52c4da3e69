package packed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Header says what is packed.
type Header struct {
	SHA256 string `json:"sha256"` // of the content, in hex
	Size   int64  `json:"size"`   // of the content, in bytes
}

// skippable is the magic number of a frame that decoders pass over (RFC 8878,
// section 3.1.2).
const skippable = 0x184D2A50

// Encode packs content.
func Encode(content []byte) ([]byte, error) {
	sum := sha256.Sum256(content)
	header, err := json.Marshal(Header{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))})
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	// With more than one worker the output would depend on their timing.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	out := binary.LittleEndian.AppendUint32(nil, skippable)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(header)))
	out = append(out, header...)
	return enc.EncodeAll(content, out), nil
}

// ReadHeader reads what Encode wrote in front. The beginning of it all is enough.
func ReadHeader(packed []byte) (Header, error) {
	var h Header
	if len(packed) < 8 || binary.LittleEndian.Uint32(packed) != skippable {
		return h, errors.New("unpack: there is no header")
	}
	n := binary.LittleEndian.Uint32(packed[4:])
	if uint64(len(packed)-8) < uint64(n) {
		return h, errors.New("unpack: the header is cut off")
	}
	if err := json.Unmarshal(packed[8:8+n], &h); err != nil {
		return h, fmt.Errorf("unpack: read header: %w", err)
	}
	return h, nil
}

// Decode returns the content.
func Decode(packed []byte) ([]byte, error) {
	h, err := ReadHeader(packed)
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	defer dec.Close()
	content, err := dec.DecodeAll(packed, make([]byte, 0, h.Size))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return content, nil
}
