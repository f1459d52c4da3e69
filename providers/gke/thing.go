package gke

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/compute/apiv1"
	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/api/iterator"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// thing is a kind of object of Compute Engine: how it is looked at and changed.
type thing struct {
	noun, remedy string // remedy for a name that is taken
	// get is the object of a name and place, as values say; list those of the owner.
	get    func(ctx context.Context, values cty.Value) (*seen, error)
	list   func(ctx context.Context) ([]*seen, error)
	insert func(ctx context.Context, ch resource.Change, m mark, request string) (*compute.Operation, error)
	// patch is nil for a kind that only a new object changes.
	patch  func(ctx context.Context, ch resource.Change, m mark, s *seen, request string) (*compute.Operation, error)
	remove func(ctx context.Context, values cty.Value, request string) (*compute.Operation, error)
}

// seen is an object as it was found.
type seen struct {
	description string
	fingerprint string // where the kind has one
	values      cty.Value
}

// things are the kinds by the types of resources.
func (c *client) things() map[string]thing {
	return map[string]thing{
		FirewallType: c.firewallThing(), AddressType: c.addressThing(), PolicyType: c.policyThing(), CertificateType: c.certificateThing(),
	}
}

// ours filters lists: the owner's objects only.
func (c *client) ours() *string {
	filter := fmt.Sprintf("description eq %q", descriptionStart+".*"+c.owner.Lineage+".*")
	return &filter
}

// gather makes a list of an iterator.
func gather[T any](next func() (T, error), see func(T) *seen) ([]*seen, error) {
	var out []*seen
	for {
		o, err := next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, see(o))
	}
}

// lookUp turns "there is none" into nil.
func lookUp[T any](o T, err error, see func(T) *seen) (*seen, error) {
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return see(o), nil
}

// find is the object at an address among those that were listed, nil when there is
// none.
func (c *client) find(all []*seen, at address.Resource) (*seen, error) {
	var out *seen
	for _, s := range all {
		switch {
		case !c.described(s.description, at):
		case out != nil:
			d := diag.Errorf("two objects with one address", "%q and %q are both described as %s.", textOf(out.values, "name"), textOf(s.values, "name"), at).
				Fix("Delete the one that is not wanted.")
			d.Address = at.String()
			return nil, d
		default:
			out = s
		}
	}
	return out, nil
}

// createThing makes an object, or takes over the one that is described as it.
func (w *writer) createThing(ctx context.Context, ch resource.Change) (cty.Value, error) {
	t, name := w.kinds[ch.Type], textOf(ch.Desired, "name")
	doing := fmt.Sprintf("create the %s %s", t.noun, name)
	found, err := w.insertThing(ctx, ch, doing)
	if err != nil {
		return w.leftThing(ctx, ch, err)
	}
	if !w.described(found.description, ch.Address) {
		return cty.NilVal, taken(ch.Address, t.noun, name, t.remedy)
	}
	return w.changeThing(ctx, ch)
}

// insertThing is the object of the name, which is made when there is none. One that
// somebody is about to make, such as an apply that was cut off, is waited for.
func (w *writer) insertThing(ctx context.Context, ch resource.Change, doing string) (found *seen, err error) {
	const most = 25 // looks: about a minute
	t, looks := w.kinds[ch.Type], 0
	err = await(ctx, "the turn to "+doing, func() (bool, error) {
		found, err = t.get(ctx, ch.Desired)
		if err != nil || found != nil {
			return true, w.explain(doing, err)
		}
		op, err := t.insert(ctx, ch, w.markOf(ch), uuid.NewString())
		if err == nil {
			err = w.finishCompute(ctx, ch, doing, op)
		}
		if looks++; isTaken(err) && looks < most {
			ch.Progress("waiting for the " + t.noun + " that somebody makes")
			return false, nil
		}
		return false, w.explain(doing, err)
	})
	return found, err
}

// leftThing is what exists after a failed creation.
func (w *writer) leftThing(ctx context.Context, ch resource.Change, failed error) (cty.Value, error) {
	found, err := w.kinds[ch.Type].get(context.WithoutCancel(ctx), ch.Desired)
	if err != nil || found == nil || !w.described(found.description, ch.Address) {
		return cty.NilVal, failed
	}
	return found.values, failed
}

// changeThing brings an object to what is wanted.
func (w *writer) changeThing(ctx context.Context, ch resource.Change) (cty.Value, error) {
	t, name := w.kinds[ch.Type], textOf(ch.Desired, "name")
	doing := fmt.Sprintf("change the %s %s", t.noun, name)
	found, err := t.get(ctx, ch.Desired)
	if err != nil {
		return cty.NilVal, w.explain(doing, err)
	}
	if found == nil {
		return cty.NilVal, fmt.Errorf("the %s %s is gone", t.noun, name)
	}
	m, same := w.markOf(ch), true
	for _, a := range typeOf(ch.Type).Attributes {
		same = same && (a.Replace || settled(found.values, ch.Desired, a.Name))
	}
	if same || t.patch == nil {
		return found.values, nil
	}
	op, err := t.patch(ctx, ch, m, found, uuid.NewString())
	if err == nil {
		err = w.finishCompute(ctx, ch, doing, op)
	}
	if err != nil {
		return w.leftThing(ctx, ch, w.explain(doing, err))
	}
	if found, err = t.get(ctx, ch.Desired); err != nil || found == nil {
		return cty.NilVal, w.explain(doing, err)
	}
	return found.values, nil
}

// deleteThing deletes an object; one that is gone is no error. A load balancer that
// goes takes a while to let go of its address and certificate.
func (w *writer) deleteThing(ctx context.Context, ch resource.Change) error {
	t, name := w.kinds[ch.Type], textOf(ch.Prior, "name")
	doing := fmt.Sprintf("delete the %s %s", t.noun, name)
	looks := 0
	return await(ctx, "the turn to "+doing, func() (bool, error) {
		found, err := t.get(ctx, ch.Prior)
		if err != nil || found == nil || !w.described(found.description, ch.Address) {
			return true, w.explain(doing, err)
		}
		op, err := t.remove(ctx, ch.Prior, uuid.NewString())
		if err == nil {
			err = w.finishCompute(ctx, ch, doing, op)
		}
		if looks++; isUsed(err) && looks < releaseLooks {
			ch.Progress(fmt.Sprintf("waiting until nothing uses the %s %s any more", t.noun, name))
			return false, nil
		}
		return true, w.explain(doing, gone(err))
	})
}

// releaseLooks are as many as take about five minutes.
const releaseLooks = 72

// gone takes it for done that there is nothing to delete.
func gone(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}
