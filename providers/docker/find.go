package docker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// found is an object of the owner, as a list tells of it.
type found struct {
	id   string
	name string
}

// aside ends the name of a container that was set aside until the one that takes
// its place is well. No other name has two dots in a row.
const aside = "..before"

// isAside reports whether it is such a container.
func (f found) isAside() bool { return strings.HasSuffix(f.name, aside) }

// index is the owner's objects of one type by address. There may be more than
// one of an address while a container is replaced, and after somebody meddled.
type index map[string][]found

// one is the object of the address, if there is any. While a container is set
// aside that is it: what was to take its place was never known to be well.
func (x index) one(at address.Resource) (found, bool, error) {
	all := x[at.String()]
	switch len(all) {
	case 0:
		return found{}, false, nil
	case 1:
		return all[0], true, nil
	}
	if i := slices.IndexFunc(all, found.isAside); i >= 0 {
		return all[i], true, nil
	}
	d := diag.Errorf("two objects with one address", "%q and %q on the engine are both labelled as %s.", all[0].name, all[1].name, at).
		Fix("Remove the one that is not wanted.")
	d.Address = at.String()
	return found{}, false, d
}

// mine selects what bears the owner's label.
func (e *engine) mine() client.Filters {
	return client.Filters{}.Add("label", LabelLineage+"="+e.owner.Lineage)
}

func (e *engine) containers(ctx context.Context) (index, error) {
	l, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.mine()})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	x := index{}
	for _, c := range l.Items {
		x[c.Labels[LabelAddress]] = append(x[c.Labels[LabelAddress]], found{id: c.ID, name: displayName(c.Names, c.ID)})
	}
	return x, nil
}

func (e *engine) networks(ctx context.Context) (index, error) {
	l, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: e.mine()})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	x := index{}
	for _, n := range l.Items {
		x[n.Labels[LabelAddress]] = append(x[n.Labels[LabelAddress]], found{id: n.ID, name: n.Name})
	}
	return x, nil
}

func (e *engine) volumes(ctx context.Context) (index, error) {
	l, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: e.mine()})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	x := index{}
	for _, v := range l.Items {
		x[v.Labels[LabelAddress]] = append(x[v.Labels[LabelAddress]], found{id: v.Name, name: v.Name})
	}
	return x, nil
}

func displayName(names []string, id string) string {
	if len(names) > 0 && len(names[0]) > 1 {
		return names[0][1:] // a container's name begins with a slash
	}
	return id
}
