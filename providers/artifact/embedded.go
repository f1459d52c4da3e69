//go:build embed_runtime

package artifact

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/erlmcp/erlmcp/providers/artifact/internal/packed"
)

//go:embed embedded/*.zst
var embedded embed.FS

// fromEmbedded returns the binary that this build carries, or nil when it
// carries none for the architecture.
func fromEmbedded(goarch string) (*Binary, error) {
	content, err := embedded.ReadFile("embedded/erlmcpd-linux-" + goarch + ".zst")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the embedded runtime for linux/%s: %w", goarch, err)
	}
	header, err := packed.ReadHeader(content)
	if err != nil {
		return nil, fmt.Errorf("read the embedded runtime for linux/%s: %w", goarch, err)
	}
	read := func() ([]byte, error) { return packed.Decode(content) }
	return &Binary{Arch: goarch, SHA256: header.SHA256, Size: header.Size, read: read}, nil
}
