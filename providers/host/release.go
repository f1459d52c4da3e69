package host

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/artifact"
)

// keptReleases is how many releases of a server stay.
const keptReleases = 5

// unfinished begins the names of releases that are being written or removed.
const unfinished = ".tmp-"

// release is what is put into a release's folder.
type release struct {
	document []byte
	files    []resource.File
	sha256   string // of erlmcpd
	runtime  func() (*artifact.Binary, error)
}

// contents is what a release holds.
type contents struct {
	document []byte
	files    map[string]string // SHA-256 by path
	runtime  string            // SHA-256 of erlmcpd
}

func (r release) contents() contents {
	c := contents{document: r.document, files: map[string]string{}, runtime: r.sha256}
	for _, f := range r.files {
		c.files[f.Path] = f.SHA256
	}
	return c
}

// name tells releases apart by what they hold.
func (c contents) name() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %x\n", c.runtime, sha256.Sum256(c.document))
	for _, p := range slices.Sorted(maps.Keys(c.files)) {
		fmt.Fprintf(h, "%s %q\n", c.files[p], p)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// readRelease reads what stands in a release's folder, whatever its name says.
// What is missing is left empty.
func readRelease(dir string) (contents, error) {
	c := contents{files: map[string]string{}}
	var err error
	if c.document, err = os.ReadFile(filepath.Join(dir, documentName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if c.runtime, err = hashFile(filepath.Join(dir, programName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	files := filepath.Join(dir, filesName)
	err = filepath.WalkDir(files, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum, err := hashFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(files, path)
		c.files[filepath.ToSlash(relative)] = sum
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return c, err
}

// putRelease makes sure that the release stands in the folder as it should, and
// returns its name.
func (m *machine) putRelease(f folder, r release) (string, error) {
	name := r.contents().name()
	dir := filepath.Join(f.releases(), name)
	if got, err := readRelease(dir); err == nil && got.name() == name {
		return name, nil
	}
	temp, err := os.MkdirTemp(f.releases(), unfinished)
	if err != nil {
		return "", fmt.Errorf("write release %s: %w", name, err)
	}
	defer os.RemoveAll(temp)
	if err := m.writeRelease(temp, r); err != nil {
		return "", fmt.Errorf("write release %s: %w", name, err)
	}
	// A release that was tampered with makes room first.
	if _, err := os.Lstat(dir); err == nil {
		old, err := os.MkdirTemp(f.releases(), unfinished)
		if err != nil {
			return "", fmt.Errorf("write release %s: %w", name, err)
		}
		defer os.RemoveAll(old)
		if err := os.Rename(dir, filepath.Join(old, name)); err != nil {
			return "", fmt.Errorf("write release %s: %w", name, err)
		}
	}
	if err := os.Rename(temp, dir); err != nil {
		return "", fmt.Errorf("write release %s: %w", name, err)
	}
	return name, nil
}

func (m *machine) writeRelease(dir string, r release) error {
	if err := os.WriteFile(filepath.Join(dir, documentName), r.document, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, filesName), 0o700); err != nil {
		return err
	}
	for _, f := range r.files {
		if err := copyFile(f, filepath.Join(dir, filesName, filepath.FromSlash(f.Path))); err != nil {
			return err
		}
	}
	runtime, err := r.runtime()
	if err != nil {
		return err
	}
	if runtime.SHA256 != r.sha256 {
		return fmt.Errorf("its runtime is %s, and this erlmcp has %s; plan again with this erlmcp", r.sha256, runtime.SHA256)
	}
	return m.putRuntime(runtime, filepath.Join(dir, programName))
}

// copyFile ships a file, and fails when it is not what was planned.
func copyFile(f resource.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s has changed since the plan was made; plan again", f.Source)
	}
	return nil
}

// currentRelease is the name of the release that the link points to, or "".
func (f folder) currentRelease() string {
	to, err := os.Readlink(f.current())
	if err != nil || filepath.Dir(to) != filepath.Base(f.releases()) {
		return ""
	}
	return filepath.Base(to)
}

// switchTo moves the link current to a release, in one step.
func (f folder) switchTo(name string) error {
	if err := renameio.Symlink(filepath.Join(filepath.Base(f.releases()), name), f.current()); err != nil {
		return fmt.Errorf("switch to release %s: %w", name, err)
	}
	return nil
}

// prune removes the oldest releases and what was left unfinished.
func (f folder) prune() error {
	entries, err := os.ReadDir(f.releases())
	if err != nil {
		return fmt.Errorf("remove old releases: %w", err)
	}
	var finished []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil:
		case strings.HasPrefix(e.Name(), unfinished):
			if err := os.RemoveAll(filepath.Join(f.releases(), e.Name())); err != nil {
				return fmt.Errorf("remove old releases: %w", err)
			}
		case e.Name() != f.currentRelease():
			finished = append(finished, info)
		}
	}
	slices.SortFunc(finished, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for i := keptReleases - 1; i < len(finished); i++ {
		if err := os.RemoveAll(filepath.Join(f.releases(), finished[i].Name())); err != nil {
			return fmt.Errorf("remove old releases: %w", err)
		}
	}
	return nil
}

// hashFile is the SHA-256 of a file in hex.
func hashFile(path string) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
