package docker

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// Where the image has things.
const (
	programPath  = image.Program
	configFolder = image.ConfigFolder // the volume
	runFolder    = image.RunFolder    // in memory
	controlPath  = runFolder + "/control.sock"
	userID       = image.UserID
	user         = "65532:65532"
)

// What lies in the volume.
const (
	documentPath = configFolder + "/" + schemas.DocumentName
	filesPath    = configFolder + "/" + schemas.FilesFolder
	// loadedName says whether the server has taken in what lies in the volume, so
	// that an apply that was cut off before the reload is seen.
	loadedName = ".loaded"
	loadedYes  = "yes"
	loadedNo   = "no"

	maxDocument = 64 << 20 // bytes
)

// contents is what lies in a volume.
type contents struct {
	document []byte            // nil when there is none
	files    map[string]string // SHA-256 by path
	loaded   bool
}

// readArchive reads an archive of the volume, as the engine makes it of the
// folder configFolder.
func readArchive(r io.Reader) (contents, error) {
	c := contents{files: map[string]string{}}
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return c, nil
		}
		if err != nil {
			return c, err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := strings.TrimPrefix(path.Clean(h.Name), path.Base(configFolder)+"/")
		switch file, isFile := strings.CutPrefix(name, schemas.FilesFolder+"/"); {
		case isFile:
			sum := sha256.New()
			if _, err := io.Copy(sum, archive); err != nil {
				return c, err
			}
			c.files[file] = hex.EncodeToString(sum.Sum(nil))
		case name == schemas.DocumentName:
			if c.document, err = io.ReadAll(io.LimitReader(archive, maxDocument)); err != nil {
				return c, err
			}
		case name == loadedName:
			b, err := io.ReadAll(io.LimitReader(archive, int64(len(loadedYes))))
			if err != nil {
				return c, err
			}
			c.loaded = string(b) == loadedYes
		}
	}
}

// delivery is what is put into a volume. The server can read it and not change it.
type delivery struct {
	w       *tar.Writer
	folders map[string]bool
}

func newDelivery(w io.Writer) *delivery {
	return &delivery{w: tar.NewWriter(w), folders: map[string]bool{}}
}

// clear removes the folder of files with all that is in it: a file in its place
// takes it away, and the folder that follows takes the file away.
func (d *delivery) clear() error {
	return d.add(&tar.Header{Name: schemas.FilesFolder, Typeflag: tar.TypeReg, Mode: 0o640}, nil)
}

// folder adds a folder below the volume's root, and those above it.
func (d *delivery) folder(name string) error {
	if name == "." || d.folders[name] {
		return nil
	}
	if err := d.folder(path.Dir(name)); err != nil {
		return err
	}
	d.folders[name] = true
	return d.add(&tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: 0o750}, nil)
}

// content adds a file at the volume's root.
func (d *delivery) content(name string, content []byte) error {
	return d.add(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o640, Size: int64(len(content))}, strings.NewReader(string(content)))
}

// file adds a shipped file, and fails when it is not what was planned.
func (d *delivery) file(f resource.File) error {
	name := path.Join(schemas.FilesFolder, f.Path)
	if err := d.folder(path.Dir(name)); err != nil {
		return err
	}
	in, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o640, Size: f.Size}
	if err := d.add(header, io.TeeReader(io.LimitReader(in, f.Size), sum)); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s has changed since the plan was made; plan again", f.Source)
	}
	return nil
}

func (d *delivery) add(h *tar.Header, content io.Reader) error {
	h.Gid, h.ModTime, h.Format = userID, time.Unix(0, 0), tar.FormatPAX
	if err := d.w.WriteHeader(h); err != nil {
		return err
	}
	if content == nil {
		return nil
	}
	_, err := io.Copy(d.w, content)
	return err
}
