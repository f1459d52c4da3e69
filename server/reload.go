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
	old.limits.Close()
	rt.watchUpstreams(next, old)
	rt.leave(old, next.upstreams)
	changes := old.catalog.Changes(next.catalog)
	if !equal(accessRules(old.doc), accessRules(next.doc)) {
		changes.Tools, changes.Resources, changes.Prompts = true, true, true
	}
	rt.changed(changes)
	rt.follow(next)
	rt.log.Info("reloaded", "tools_changed", changes.Tools, "resources_changed", changes.Resources, "prompts_changed", changes.Prompts)
	return nil
}

// accessRules are what decides who sees what.
func accessRules(doc *schemas.Server) [2][]schemas.AccessRule {
	if doc.Auth == nil {
		return [2][]schemas.AccessRule{}
	}
	return [2][]schemas.AccessRule{doc.Auth.Allow, doc.Auth.Deny}
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }
