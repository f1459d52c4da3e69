package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// world is what a configuration may see of this machine: files and the
// environment. It looks at each file once, so that all that is made of one
// configuration agrees.
type world struct {
	dir     string // of the configuration, absolute
	environ map[string]string

	mu       sync.Mutex
	digests  map[string]seen[resource.File]
	folders  map[string]seen[[]resource.File]
	texts    map[string]seen[[]byte]
	openapis map[string]seen[*lowered]
}

// seen is what a look at the machine gave.
type seen[T any] struct {
	value T
	err   error
}

func newWorld(dir string, environ []string) *world {
	w := &world{
		dir: dir, environ: map[string]string{},
		digests:  map[string]seen[resource.File]{},
		folders:  map[string]seen[[]resource.File]{},
		texts:    map[string]seen[[]byte]{},
		openapis: map[string]seen[*lowered]{},
	}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			w.environ[name] = value
		}
	}
	return w
}

// remember looks once for each key.
func remember[T any](w *world, known map[string]seen[T], key string, look func() (T, error)) (T, error) {
	w.mu.Lock()
	s, ok := known[key]
	w.mu.Unlock()
	if ok {
		return s.value, s.err
	}
	s.value, s.err = look()
	w.mu.Lock()
	defer w.mu.Unlock()
	if first, ok := known[key]; ok {
		return first.value, first.err
	}
	known[key] = s
	return s.value, s.err
}

// absolute is a path as the configuration means it: relative to its folder.
func (w *world) absolute(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(w.dir, p)
}

func (w *world) workingFolder() string {
	wd, err := os.Getwd()
	if err != nil {
		return w.dir
	}
	return wd
}

// read gives the content of a file that an expression names.
func (w *world) read(p string) ([]byte, error) {
	file := w.absolute(p)
	return remember(w, w.texts, file, func() ([]byte, error) {
		info, err := os.Stat(file)
		if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", file)
		}
		return readBounded(file, shipBytes)
	})
}

func digestOf(file string, content io.Reader) (resource.File, error) {
	h := sha256.New()
	n, err := io.Copy(h, content)
	if err != nil {
		return resource.File{}, fmt.Errorf("read %s: %w", file, err)
	}
	return resource.File{Source: file, SHA256: hex.EncodeToString(h.Sum(nil)), Size: n}, nil
}
