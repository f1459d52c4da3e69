package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// folder is the folder of one server.
type folder string

func (f folder) join(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

func (f folder) owner() string    { return f.join("owner.json") }
func (f folder) releases() string { return f.join("releases") }
func (f folder) current() string  { return f.join("current") }
func (f folder) lock() string     { return f.join("run", "supervisor.lock") }
func (f folder) child() string    { return f.join("run", "child.json") }
func (f folder) socket() string   { return f.join("run", "control.sock") }
func (f folder) loaded() string   { return f.join("run", "loaded") }
func (f folder) log() string      { return f.join("log", "server.log") }

// What lies in a release.
const (
	programName  = "erlmcpd"
	documentName = schemas.DocumentName
	filesName    = schemas.FilesFolder
)

// ownership is what owner.json holds.
type ownership struct {
	Lineage string `json:"lineage"`
	Address string `json:"address"`
}

// errIllegible is the error of an owner.json that is damaged.
var errIllegible = errors.New("is not what erlmcp writes there")

// readOwner says whose the folder is; fs.ErrNotExist when it is nobody's.
func (f folder) readOwner() (ownership, error) {
	var o ownership
	b, err := os.ReadFile(f.owner())
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return o, fs.ErrNotExist // there cannot be such a folder
	}
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(b, &o); err != nil || o == (ownership{}) {
		return ownership{}, fmt.Errorf("%s %w", f.owner(), errIllegible)
	}
	return o, nil
}

// mark is what owner.json of a server's folder says.
func (m *machine) mark(at address.Resource) ownership {
	return ownership{Lineage: m.owner.Lineage, Address: at.String()}
}

// claim makes the folder and writes down whose it is. A folder of somebody else
// is an error. That of the recorded one (prior) is ours, whatever owner.json says.
func (m *machine) claim(f folder, at address.Resource, prior cty.Value) error {
	m.shared.Lock()
	defer m.shared.Unlock()
	want := m.mark(at)
	switch o, err := f.readOwner(); {
	case err == nil && o == want:
	case err == nil:
		return m.taken(f, at, o)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errIllegible):
		return fmt.Errorf("read the owner of %s: %w", f, err)
	default:
		if err := m.makeRoot(); err != nil {
			return err
		}
		if !isRecorded(f, prior) && f.isForeign() {
			return m.taken(f, at, ownership{})
		}
		if err := os.MkdirAll(string(f), 0o700); err != nil {
			return fmt.Errorf("make the folder of %s: %w", at, err)
		}
		b, err := json.Marshal(want)
		if err != nil {
			return err
		}
		if err := renameio.WriteFile(f.owner(), append(b, '\n'), 0o600); err != nil {
			return fmt.Errorf("write down whose %s is: %w", f, err)
		}
	}
	for _, dir := range []string{f.releases(), f.join("run"), f.join("log")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the folder of %s: %w", at, err)
		}
	}
	return nil
}

// isForeign reports whether the folder holds what an attempt to claim it, cut
// off before the owner stood there, cannot have left.
func (f folder) isForeign() bool {
	entries, err := os.ReadDir(string(f))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !strings.HasPrefix(e.Name(), "."+filepath.Base(f.owner()))
	})
}

// rootMark is a file in a root that this program made, and may remove.
const rootMark = ".erlmcp"

func (m *machine) makeRoot() error {
	if _, err := os.Stat(m.root); err == nil {
		return nil
	}
	if err := os.MkdirAll(m.root, 0o700); err != nil {
		return fmt.Errorf("make the folder for servers: %w", err)
	}
	if err := os.WriteFile(filepath.Join(m.root, rootMark), nil, 0o600); err != nil {
		return fmt.Errorf("make the folder for servers: %w", err)
	}
	return nil
}

// remove removes the folder of a server, then what its root holds for nobody.
// The owner goes last, so that what is left of it is still known to be ours.
func (m *machine) remove(f folder) error {
	m.shared.Lock()
	defer m.shared.Unlock()
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return m.tidy()
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", f, err)
	}
	for _, e := range entries {
		if path := f.join(e.Name()); path != f.owner() {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("remove %s: %w", f, err)
			}
		}
	}
	if err := os.RemoveAll(string(f)); err != nil {
		return fmt.Errorf("remove %s: %w", f, err)
	}
	return m.tidy()
}

// tidy removes binaries that no release needs, and the root when it is empty
// and was made by this program.
func (m *machine) tidy() error {
	if err := m.dropRuntimes(); err != nil {
		return err
	}
	entries, err := os.ReadDir(m.root)
	if err != nil || len(entries) != 1 || entries[0].Name() != rootMark {
		return nil // gone, not ours, or still of use
	}
	if err := os.Remove(filepath.Join(m.root, rootMark)); err != nil {
		return fmt.Errorf("remove the folder for servers: %w", err)
	}
	if err := os.Remove(m.root); err != nil {
		return fmt.Errorf("remove the folder for servers: %w", err)
	}
	return nil
}
