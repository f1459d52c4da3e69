package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// readers is how many folders are looked at at the same time.
const readers = 8

type reader struct{ *machine }

// Read looks at the folder and process of each key.
func (r *reader) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	out := make([]resource.Reading, len(keys))
	var g errgroup.Group
	g.SetLimit(readers)
	for i, k := range keys {
		g.Go(func() error {
			v := cty.NilVal
			f, ok, err := r.find(k)
			if err == nil && ok {
				if v, err = observe(ctx, f); err == nil {
					v = document.WithPriorEndpoint(v, k.Prior)
				}
			}
			if errors.Is(err, fs.ErrPermission) {
				err = diag.Errorf("no access to the folder", "%s", diag.Sentence(err)).
					Fix("Run as the user that applied before, or set root in the target block to a folder of your own.")
			}
			out[i] = resource.Reading{Exists: v != cty.NilVal, Values: v, Err: err}
			return nil
		})
	}
	_ = g.Wait() // no function fails: each reading has its own error
	return out
}

// Close has nothing to close.
func (*machine) Close() error { return nil }

// planned is where the folder of a key belongs.
func (m *machine) planned(k resource.Key) folder {
	return folder(filepath.Join(m.root, k.Address.Server.Slug()))
}

// seen is where the folder of a key was last seen, as the root may have changed
// since; where it belongs when it never was.
func (m *machine) seen(k resource.Key) folder {
	if k.Prior != cty.NilVal && !k.Prior.IsNull() && !k.Prior.GetAttr("folder").IsNull() {
		return folder(k.Prior.GetAttr("folder").AsString())
	}
	return m.planned(k)
}

// find is the folder of a key, when there is one of this owner and address, or
// a process of one that is gone.
func (m *machine) find(k resource.Key) (folder, bool, error) {
	for _, f := range []folder{m.seen(k), m.planned(k)} {
		o, err := f.readOwner()
		switch {
		case err == nil:
			if o == m.mark(k.Address) {
				return f, true, nil
			}
		case isRecorded(f, k.Prior) && f.currentRelease() != "":
			return f, true, nil // owner.json was lost or damaged
		case k.Prior != cty.NilVal && !k.Prior.IsNull() && len(f.strays()) > 0:
			return f, true, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errIllegible):
			return f, false, err
		}
	}
	return "", false, nil
}

// isRecorded reports whether the folder is the one that was last recorded.
func isRecorded(f folder, prior cty.Value) bool {
	return prior != cty.NilVal && !prior.IsNull() && prior.GetAttr("folder").RawEquals(cty.StringVal(string(f)))
}

// observe is a server's folder and process as attributes.
func observe(ctx context.Context, f folder) (cty.Value, error) {
	held, err := readRelease(f.current())
	if err != nil {
		return cty.NilVal, err
	}
	pid, err := f.supervisor()
	if err != nil {
		return cty.NilVal, err
	}
	doc, err := schemas.Value(held.document)
	if err != nil {
		doc = cty.NullVal(schemas.Describe[schemas.Server]().Type()) // cut, altered or gone: not what is wanted
	}
	child := f.childState().PID
	alive := pid != 0 && child != 0 && syscall.Kill(child, 0) == nil
	running := alive && f.answers(ctx)
	_, unmarked := f.readOwner()
	loaded, _ := os.ReadFile(f.loaded()) // "" when nothing was
	v := map[string]cty.Value{
		"folder":     cty.StringVal(string(f)),
		"document":   doc,
		"files":      document.Digests(held.files),
		"runtime":    text(held.runtime),
		"executable": text(held.runtime),
		"running":    cty.BoolVal(running),
		"loaded":     cty.BoolVal(string(loaded) == f.currentRelease() && len(loaded) > 0),
		"marked":     cty.BoolVal(unmarked == nil),
		"release":    text(f.currentRelease()),
	}
	if pid != 0 {
		v["pid"] = cty.NumberIntVal(int64(pid))
	}
	if alive {
		v["executable"] = text(executable(child, filepath.Join(f.current(), programName), held.runtime))
	}
	if !doc.IsNull() {
		f.addEndpoint(ctx, v, doc, running)
	}
	return object(v), nil
}

// addEndpoint adds where the server is reached. A port that it picked itself is
// known only from itself.
func (f folder) addEndpoint(ctx context.Context, v map[string]cty.Value, doc cty.Value, running bool) {
	port := document.FixedPort(document.Setting(doc, "listen", "port"))
	metrics := document.FixedPort(document.Setting(doc, "metrics", "port"))
	var metricsURL string
	if running && (port.IsNull() || metrics.IsNull()) {
		if s, ok := f.status(ctx); ok {
			if port.IsNull() && s.Port != 0 {
				port = cty.NumberIntVal(int64(s.Port))
			}
			if metrics.IsNull() {
				metricsURL = s.MetricsURL
			}
		}
	}
	e := document.EndpointOf(doc, port, metrics, loopback)
	if metricsURL != "" {
		e.MetricsURL = cty.StringVal(metricsURL)
	}
	v["url"], v["address"], v["port"], v["metrics_url"] = e.URL, e.Address, e.Port, e.MetricsURL
}

// executable is the SHA-256 of the program that a process runs, which the file
// at the path is most of the time, whose SHA-256 is known.
func executable(pid int, path, known string) string {
	running := filepath.Join("/proc", strconv.Itoa(pid), "exe")
	a, err := os.Stat(running)
	if err != nil {
		return known // not ours to look at
	}
	if b, err := os.Stat(path); err == nil && os.SameFile(a, b) {
		return known
	}
	sum, err := hashFile(running)
	if err != nil {
		return known
	}
	return sum
}

func text(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}
