package docker

import (
	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// checkFolders refuses what a server must keep in a folder of its own: the root
// file system of a container is read-only, and what is not is gone with it.
func checkFolders(in resource.Instance) diag.List {
	var l diag.List
	refuse := func(at, what string) {
		d := diag.Errorf("nowhere to keep it", "%s names a folder, and a container of this target has none that outlives it: %s would be lost.", at, what).
			Fix("Run this server on a target of the kind host.")
		d.Address = in.Address.String()
		l = append(l, d)
	}
	if v, _ := in.Document.GetAttr("receipts").Unmark(); v.IsKnown() && !v.IsNull() {
		refuse("receipts.folder", "receipts")
	}
	if v, _ := in.Document.GetAttr("tls").Unmark(); v.IsKnown() && !v.IsNull() {
		if a, _ := v.GetAttr("acme").Unmark(); a.IsKnown() && !a.IsNull() {
			refuse("tls.acme.storage", "the account and the certificates")
		}
	}
	return l
}
