package host

import (
	"fmt"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// taken says that a folder that is needed is somebody else's: of the owner, who is
// empty when it does not say.
func (m *machine) taken(f folder, at address.Resource, owner ownership) error {
	var d *diag.Diagnostic
	switch {
	case owner == (ownership{}):
		d = diag.Errorf("the folder is taken", "%s is there already: it was not made by erlmcp, or its owner.json is lost.", f).
			Fix("Set another root in the block %s, or remove what is there%s.", m.target.Address, f.removal())
	case owner.Lineage == m.owner.Lineage:
		d = diag.Errorf("the folder is taken", "%s belongs to %s of this configuration: two targets have the same root.", f, owner.Address).
			Fix("Set another root in the block %s.", m.target.Address)
	case owner.Address == at.String():
		d = diag.Errorf("the folder is taken", "erlmcp made %s for this very address, but with another state (lineage %s). Perhaps that state was lost, or this is a copy of the configuration.", f, owner.Lineage).
			Fix("Bring back the state: the folder .erlmcp beside the configuration, or what its backend block names. Or remove what is there%s, and apply again. Or set another root in the block %s.", f.removal(), m.target.Address)
	default:
		d = diag.Errorf("the folder is taken", "%s belongs to %s of another configuration.", f, owner.Address).
			Fix("Set another root in the block %s, or destroy that server with its own configuration.", m.target.Address)
	}
	d.Address = at.String()
	return d
}

// removal is how the folder is removed by hand.
func (f folder) removal() string {
	command := fmt.Sprintf("rm -r %s", f)
	if pid, err := f.supervisor(); err == nil && pid != 0 {
		command = fmt.Sprintf("kill %d && ", pid) + command
	}
	return " with `" + command + "`"
}
