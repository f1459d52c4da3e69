//go:build embed_runtime

package artifact

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/erlmcp/erlmcp/providers/artifact/internal/packed"
)

//go:embed embedded/*.zst
var embedded embed.FS

// headerLimit is more than the header in front of an embedded binary takes.
const headerLimit = 4 << 10

// fromEmbedded returns the binary that this build carries, or nil when it
// carries none for the architecture.
func fromEmbedded(goarch string) (*Binary, error) {
	name := "embedded/erlmcpd-linux-" + goarch + ".zst"
	file, err := embedded.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the embedded runtime for linux/%s: %w", goarch, err)
	}
	defer file.Close()
	start, err := io.ReadAll(io.LimitReader(file, headerLimit))
	if err != nil {
		return nil, fmt.Errorf("read the embedded runtime for linux/%s: %w", goarch, err)
	}
	header, err := packed.ReadHeader(start)
	if err != nil {
		return nil, fmt.Errorf("read the embedded runtime for linux/%s: %w", goarch, err)
	}
	read := func() ([]byte, error) {
		content, err := embedded.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the embedded runtime for linux/%s: %w", goarch, err)
		}
		return packed.Decode(content)
	}
	return &Binary{Arch: goarch, SHA256: header.SHA256, Size: header.Size, read: read}, nil
}
