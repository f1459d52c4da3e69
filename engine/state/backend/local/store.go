package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/engine/state"
)

// Folder is the name of the folder, within that of the configuration.
const Folder = ".erlmcp"

const (
	stateName    = "state.json"
	journalName  = "journal"
	earlierName  = "snapshots"
	lockName     = "lock"
	keepEarlier  = 20
	folderMode   = 0o700
	fileMode     = 0o600
	earlierWidth = 12 // digits in the name of an earlier snapshot
)

// Store keeps a state below Dir/.erlmcp.
type Store struct {
	Dir string // the configuration's folder
}

var _ state.Store = Store{}

func (s Store) path(name string) string { return filepath.Join(s.Dir, Folder, name) }

// Load reads the files.
func (s Store) Load(context.Context) (state.Stored, error) {
	out := state.Stored{Where: state.Where{
		Snapshot: s.path(stateName),
		Journal:  s.path(journalName),
		Earlier:  s.path(earlierName),
	}}
	var err error
	if out.Journal, err = readFile(out.Where.Journal); err != nil {
		return state.Stored{}, err
	}
	if out.Snapshot, err = readFile(out.Where.Snapshot); err != nil {
		return state.Stored{}, err
	}
	earlier, err := s.earlier()
	if err != nil {
		return state.Stored{}, err
	}
	out.Where.Restore = "There is none yet."
	if out.Earlier = len(earlier) > 0; out.Earlier {
		latest := filepath.Join(out.Where.Earlier, earlier[len(earlier)-1])
		out.Where.Restore = fmt.Sprintf("To go back to the latest: cp %s %s", latest, out.Where.Snapshot)
	}
	return out, nil
}

// Earlier reads a snapshot that was kept, or the one that is in place.
func (s Store) Earlier(_ context.Context, serial uint64) ([]byte, error) {
	file, err := readFile(filepath.Join(s.path(earlierName), earlierFile(serial)))
	if file != nil || err != nil {
		return file, err
	}
	if file, err = readFile(s.path(stateName)); file == nil || err != nil {
		return nil, err
	}
	if is, err := state.SerialOf(file); err != nil || is != serial {
		return nil, err
	}
	return file, nil
}

func earlierFile(serial uint64) string { return fmt.Sprintf("%0*d.json", earlierWidth, serial) }

// readFile returns nil for a file that does not exist, and never nil for one
// that does.
func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && data == nil {
		data = []byte{}
	}
	return data, err
}

// earlier lists the names of earlier snapshots, the oldest first.
func (s Store) earlier() ([]string, error) {
	entries, err := os.ReadDir(s.path(earlierName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out, nil
}
