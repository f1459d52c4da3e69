package sim

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// Read looks at the world once for all keys.
func (c *connection) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	out := make([]resource.Reading, len(keys))
	fault, err := c.call(ctx, "read", address.Resource{})
	if err == nil && fault != None {
		err = errRefused
	}
	if err == nil {
		err = c.world.view(func(objects *objects) error {
			for i, k := range keys {
				if o := objects.byKey[c.key(k.Address)]; o != nil {
					out[i] = resource.Reading{Exists: true, Values: o.Values}
				}
			}
			return nil
		})
	}
	if err != nil {
		for i := range out {
			out[i] = resource.Reading{Err: err}
		}
	}
	return out
}

func (c *connection) key(a address.Resource) key { return key{c.owner.Lineage, a} }

// Create makes an object, or adopts the one that is there.
func (c *connection) Create(ctx context.Context, change resource.Change) (cty.Value, error) {
	return c.write(ctx, "create", change)
}

// Update changes an object in place.
func (c *connection) Update(ctx context.Context, change resource.Change) (cty.Value, error) {
	return c.write(ctx, "update", change)
}

func (c *connection) write(ctx context.Context, verb string, change resource.Change) (cty.Value, error) {
	fault, err := c.call(ctx, verb, change.Address)
	if err == nil && fault == Refuse {
		err = errRefused
	}
	if err != nil {
		return cty.NilVal, err
	}
	var values cty.Value
	err = c.world.change(func(objects *objects) error {
		o := objects.byKey[c.key(change.Address)]
		switch {
		case o == nil && verb == "update":
			return fmt.Errorf("%s does not exist", change.Address)
		case o == nil:
			o = &Object{Lineage: c.owner.Lineage, Address: change.Address, Type: change.Type}
			o.Values = cty.ObjectVal(null(typeOf(change.Type)))
			objects.add(o)
		}
		o.Revision = change.Revision
		if change.Stage.Partial() {
			o.Values = with(o.Values, "beside", cty.StringVal(change.Stage.String()))
		} else {
			o.Values = objects.filled(o.Values, change.Desired)
		}
		if fault == Partial && change.Type == ProcessType {
			o.Values = with(o.Values, "running", cty.False)
		}
		values = o.Values
		return nil
	})
	switch {
	case err != nil:
		return cty.NilVal, err
	case fault == LoseReply:
		return cty.NilVal, errLost
	case fault == Partial:
		return values, errPartial
	}
	return values, nil
}

// Delete succeeds also when the object is gone.
func (c *connection) Delete(ctx context.Context, change resource.Change) error {
	fault, err := c.call(ctx, "delete", change.Address)
	if err == nil && fault == Refuse {
		err = errRefused
	}
	if err != nil {
		return err
	}
	err = c.world.change(func(objects *objects) error {
		objects.remove(c.key(change.Address))
		return nil
	})
	if err == nil && fault != None {
		err = errLost
	}
	return err
}

// Keep returns an object as it is. Files of simulated processes exist by their
// digests alone.
func (c *connection) Keep(ctx context.Context, k resource.Key, _ string) (cty.Value, []resource.File, error) {
	fault, err := c.call(ctx, "keep", k.Address)
	if err == nil && fault != None {
		err = errRefused
	}
	if err != nil {
		return cty.NilVal, nil, err
	}
	values := cty.NilVal
	err = c.world.view(func(objects *objects) error {
		if o := objects.byKey[c.key(k.Address)]; o != nil {
			values = o.Values
			if o.Type == ProcessType {
				values = with(values, "beside", cty.StringVal("")) // that of a change is not kept
			}
		}
		return nil
	})
	return values, nil, err
}

func typeOf(name string) *resource.Type {
	if name == NetworkType {
		return networkType
	}
	return processType()
}

// filled is what an object becomes: what is desired, the ports that it has or
// picks, and what follows from them; annotations stay.
func (s *objects) filled(now, desired cty.Value) cty.Value {
	values := desired.AsValueMap()
	keep := func(name string, make func() cty.Value) {
		if values[name].IsNull() {
			values[name] = now.GetAttr(name)
		}
		if values[name].IsNull() && make != nil {
			values[name] = make()
		}
	}
	keep("annotations", nil)
	keep("id", func() cty.Value {
		s.made++
		return cty.StringVal(fmt.Sprintf("sim-%d", s.made))
	})
	if doc, ok := values["document"]; ok {
		keep("port", s.pick)
		keep("metrics_port", s.pick)
		e := document.EndpointOf(doc, values["port"], values["metrics_port"], "127.0.0.1")
		values["address"], values["url"], values["metrics_url"] = e.Address, e.URL, e.MetricsURL
	}
	return cty.ObjectVal(values)
}

const (
	firstPort = 20000
	ports     = 40000
)

func (s *objects) pick() cty.Value {
	s.picked++
	return cty.NumberIntVal(firstPort + s.picked%ports)
}

func with(object cty.Value, name string, v cty.Value) cty.Value {
	values := object.AsValueMap()
	values[name] = v
	return cty.ObjectVal(values)
}
