package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/providers/artifact"
)

// runtimes is the folder of the binaries that the releases of all servers link.
func (m *machine) runtimes() string { return filepath.Join(m.root, "runtimes") }

// putRuntime puts the binary at the path, as a link to the one that all servers
// share.
func (m *machine) putRuntime(b *artifact.Binary, path string) error {
	m.shared.Lock()
	defer m.shared.Unlock()
	shared := filepath.Join(m.runtimes(), programName+"-"+b.SHA256[:12])
	if sum, err := hashFile(shared); err != nil || sum != b.SHA256 {
		if err := os.MkdirAll(m.runtimes(), 0o700); err != nil {
			return fmt.Errorf("store the runtime: %w", err)
		}
		content, err := b.Bytes()
		if err != nil {
			return err
		}
		// A new file rather than a change in place: what runs keeps its own.
		if err := renameio.WriteFile(shared, content, 0o700); err != nil {
			return fmt.Errorf("store the runtime: %w", err)
		}
	}
	if err := os.Link(shared, path); err != nil {
		return fmt.Errorf("link the runtime: %w", err)
	}
	return nil
}

// dropRuntimes removes the binaries that no release links, and their folder
// with the last.
func (m *machine) dropRuntimes() error {
	entries, err := os.ReadDir(m.runtimes())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look through the runtimes: %w", err)
	}
	kept := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // somebody else was quicker
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Nlink > 1 {
			kept++
			continue
		}
		if err := os.Remove(filepath.Join(m.runtimes(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a runtime: %w", err)
		}
	}
	if kept > 0 {
		return nil
	}
	if err := os.Remove(m.runtimes()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the runtimes: %w", err)
	}
	return nil
}
