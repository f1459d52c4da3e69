package server

import (
	"reflect"
	"strings"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// Reload puts another document in place of the present one. No connection is
// lost and calls in progress end as they began; clients are told of lists that
// have changed. A document that does not hold up, or that changes what only a
// new start can change, is refused whole, and nothing has changed then.
func (rt *Runtime) Reload(doc *schemas.Server, digest string) error {
	rt.reloading.Lock()
	defer rt.reloading.Unlock()
	old := rt.current.Load()
	if fixed := schemas.NeedRestart(old.doc, doc); len(fixed) > 0 {
		return diag.Errorf("The document needs a restart", "It changes %s, which cannot change while the server runs.", strings.Join(fixed, ", ")).
			Fix("Restart the server, or leave that as it is.")
	}
	next, err := rt.prepare(doc, digest)
	if err != nil {
		return err
	}
	rt.commit(next)
	changes := old.catalog.Changes(next.catalog)
	rt.feed.Publish(changes)
	rt.front.Changed(changes)
	rt.log.Info("reloaded", "tools_changed", changes.Tools, "resources_changed", changes.Resources, "prompts_changed", changes.Prompts)
	return nil
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
