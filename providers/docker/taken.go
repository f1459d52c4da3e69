package docker

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// taken says that a name that is needed belongs to somebody else.
func (w *writer) taken(ctx context.Context, at address.Resource, what, name string) error {
	var d *diag.Diagnostic
	if labels := w.labelsOf(ctx, what, name); labels[LabelAddress] == at.String() {
		d = diag.Errorf("the name is taken", "The engine has a %s %q already. erlmcp made it for this very address, but with another state (lineage %s). Perhaps that state was lost, or this is a copy of the configuration.", what, name, labels[LabelLineage]).
			Fix("Bring back the state: the folder .erlmcp beside the configuration, or what its backend block names. Or remove what that state made, %s, and apply again. Or set another prefix in the block %s.", w.removal(labels[LabelLineage]), w.target.Address)
	} else {
		d = diag.Errorf("the name is taken", "The engine has a %s %q already, and it is not one of this configuration.", what, name).
			Fix("Remove it, or set another prefix in the block %s.", w.target.Address)
	}
	d.Address = at.String()
	return d
}

// removal is how all objects of a lineage are removed by hand.
func (w *writer) removal(lineage string) string {
	docker := "docker"
	if w.host != "" {
		docker += " -H " + w.host
	}
	filter := "--filter label=" + LabelLineage + "=" + lineage
	return fmt.Sprintf("with `%[1]s rm -f $(%[1]s ps -aq %[2]s)`, `%[1]s network rm $(%[1]s network ls -q %[2]s)` and `%[1]s volume rm $(%[1]s volume ls -q %[2]s)`", docker, filter)
}

// labelsOf are the labels of the object of that name; none when it cannot be
// looked at.
func (w *writer) labelsOf(ctx context.Context, what, name string) map[string]string {
	switch what {
	case "container":
		if x, err := w.api.ContainerInspect(ctx, name, client.ContainerInspectOptions{}); err == nil && x.Container.Config != nil {
			return x.Container.Config.Labels
		}
	case "network":
		if x, err := w.api.NetworkInspect(ctx, name, client.NetworkInspectOptions{}); err == nil {
			return x.Network.Labels
		}
	case "volume":
		if x, err := w.api.VolumeInspect(ctx, name, client.VolumeInspectOptions{}); err == nil {
			return x.Volume.Labels
		}
	}
	return nil
}
