package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/erlmcp/erlmcp/engine/seal"
)

// Names of objects. A journal lies under the token of its holder.
const (
	headName       = "head"
	lockName       = "lock"
	journalFolder  = "journal/"
	snapshotFolder = "snapshots/"
	headKind       = "erlmcp-head"
	headFormat     = 1
)

// head says what of all that lies in a place counts.
type head struct {
	// Token is that of the lease that wrote it.
	Token uint64 `json:"token"`
	// Snapshot is the name of an object, "" for none.
	Snapshot string `json:"snapshot,omitempty"`
	Journal  row    `json:"journal"`
}

// row is a row of numbered objects: a journal.
type row struct {
	Token uint64 `json:"token"`
	From  int    `json:"from"` // number of its first object
}

func (r row) folder() string        { return fmt.Sprintf("%s%08d/", journalFolder, r.Token) }
func (r row) object(n int) string   { return fmt.Sprintf("%s%08d", r.folder(), n) }
func snapshotsOf(s uint64) string   { return fmt.Sprintf("%s%012d-", snapshotFolder, s) }
func lastPart(object string) string { return object[strings.LastIndexByte(object, '/')+1:] }

// snapshotName has the serial and what the snapshot holds in it, so that no two
// snapshots have one name.
func snapshotName(serial uint64, file []byte) string {
	sum := sha256.Sum256(file)
	return snapshotsOf(serial) + hex.EncodeToString(sum[:8])
}

// readHead returns the zero head and version "" when there is none.
func (s *Store) readHead(ctx context.Context) (h head, version string, err error) {
	o, err := s.read(ctx, headName)
	if err != nil || o == nil {
		return head{}, "", err
	}
	content, err := seal.Unwrap(headKind, headFormat, o.Data)
	if err == nil {
		err = json.Unmarshal(content, &h)
	}
	if err != nil {
		return head{}, "", fmt.Errorf("%s %w", s.Place.Path(headName), err)
	}
	return h, o.Version, nil
}

func (s *Store) writeHead(ctx context.Context, h head, version string) (string, error) {
	raw, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	return s.write(ctx, headName, seal.Wrap(headKind, headFormat, raw), version)
}

// A closed journal ends in an object that begins so: whoever held the lock before
// cannot append any more.
const closing = "closed by "

// journal is what stands in a row.
type journal struct {
	lines  []byte
	next   int // number of the object that would come next
	closed bool
}

// errGone says that an object of a row is not there that should be.
var errGone = errors.New("a part of the journal is missing")

func (s *Store) readJournal(ctx context.Context, r row) (journal, error) {
	out := journal{next: r.From}
	if r.Token == 0 {
		return out, nil
	}
	names, err := s.names(ctx, r.folder())
	if err != nil {
		return journal{}, err
	}
	var wanted []string
	for _, name := range names {
		n, err := strconv.Atoi(lastPart(name))
		if err != nil || n < r.From {
			continue
		}
		if n != r.From+len(wanted) {
			return journal{}, fmt.Errorf("%s: %w", s.Place.Path(r.object(r.From+len(wanted))), errGone)
		}
		wanted = append(wanted, name)
	}
	parts, err := s.readAll(ctx, wanted)
	if err != nil {
		return journal{}, err
	}
	for _, p := range parts {
		out.next++
		if bytes.HasPrefix(p, []byte(closing)) {
			out.closed = true
			break
		}
		out.lines = append(out.lines, p...)
	}
	return out, nil
}

func (s *Store) readAll(ctx context.Context, names []string) ([][]byte, error) {
	out := make([][]byte, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, name := range names {
		group.Go(func() error {
			o, err := s.read(ctx, name)
			if err != nil {
				return err
			}
			if o == nil {
				return fmt.Errorf("%s: %w", s.Place.Path(name), errGone)
			}
			out[i] = o.Data
			return nil
		})
	}
	return out, group.Wait()
}
