package local

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/engine/resource"
)

const (
	filesName = "files"
	keepFiles = 256 << 20 // bytes
)

var sumForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

// Files keeps what was shipped beside the state in Dir, each file once by the
// SHA-256 of its content, so that an earlier revision can be applied again. When
// they come to more than 256 MB those that were shipped longest ago go.
type Files struct {
	Dir string // the configuration's folder
}

func (k Files) folder() string { return filepath.Join(k.Dir, Folder, filesName) }

// Keep takes files in, or notes that those that are there were shipped again. The
// lock of the state must be held.
func (k Files) Keep(ctx context.Context, files []resource.File) error {
	if len(files) == 0 {
		return nil
	}
	if err := os.MkdirAll(k.folder(), folderMode); err != nil {
		return fmt.Errorf("keep the files that are shipped: %w", err)
	}
	now := time.Now()
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(k.folder(), f.SHA256)
		if err := os.Chtimes(path, now, now); err == nil {
			continue
		}
		if err := keepFile(f, path); err != nil {
			return fmt.Errorf("keep %s: %w", f.Source, err)
		}
	}
	return k.prune()
}

func keepFile(f resource.File, path string) error {
	in, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := renameio.NewPendingFile(path, renameio.WithPermissions(fileMode), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer out.Cleanup()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), in); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return errors.New("it has changed since the plan was made; plan again")
	}
	return out.CloseAtomicallyReplace()
}

// Find is the path of a file with that content; ok is false when it is not kept.
func (k Files) Find(sha256 string) (path string, ok bool) {
	if !sumForm().MatchString(sha256) {
		return "", false
	}
	path = filepath.Join(k.folder(), sha256)
	info, err := os.Lstat(path)
	return path, err == nil && info.Mode().IsRegular()
}

func (k Files) prune() error {
	entries, err := os.ReadDir(k.folder())
	if err != nil {
		return fmt.Errorf("look through the files that were shipped: %w", err)
	}
	var kept []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && sumForm().MatchString(e.Name()) {
			kept = append(kept, info)
		}
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	size := int64(0)
	for _, info := range kept {
		if size += info.Size(); size <= keepFiles {
			continue
		}
		if err := os.Remove(filepath.Join(k.folder(), info.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a file that was shipped long ago: %w", err)
		}
	}
	return nil
}
