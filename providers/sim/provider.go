package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Kind is the label of the target blocks.
const Kind = "sim"

// Provider makes simulated targets. World is required.
type Provider struct {
	// World holds the objects of targets that name no file.
	World *World
	// Fault is asked before each call what is to go wrong; nil lets all go well.
	// It may be called concurrently.
	Fault func(Call) Fault
}

var _ resource.Provider = &Provider{}

// New returns a provider with an empty world.
func New() *Provider { return &Provider{World: NewWorld()} }

// Call is a call that a reader or writer makes.
type Call struct {
	Verb    string           // "read", "keep", "create", "update" or "delete"
	Address address.Resource // zero for a read, which is about many
}

// Fault is what goes wrong with a call.
type Fault uint8

const (
	None      Fault = iota
	Refuse          // it fails and has no effect
	LoseReply       // it has its effect, and fails
	Hang            // it has no effect, and ends only with its context
	Partial         // of a create: a process exists that does not run, and is given back with an error
)

// Kind is "sim".
func (p *Provider) Kind() string { return Kind }

// Schema is that of schemas.SimTarget.
func (p *Provider) Schema() *schemas.Block { return schemas.Describe[schemas.SimTarget]() }

// Types are the network and the process.
func (p *Provider) Types() []*resource.Type { return []*resource.Type{networkType, processType()} }

// OpenReader never fails.
func (p *Provider) OpenReader(_ context.Context, t resource.Target, o resource.Owner) (resource.Reader, error) {
	return p.connect(t, o)
}

// OpenWriter never fails.
func (p *Provider) OpenWriter(_ context.Context, t resource.Target, o resource.Owner) (resource.Writer, error) {
	return p.connect(t, o)
}

func (p *Provider) connect(t resource.Target, o resource.Owner) (*connection, error) {
	c := &connection{world: p.World, owner: o, target: t.Address, fault: p.Fault}
	if file := t.Config.GetAttr("file"); !file.IsNull() {
		c.world = &World{path: file.AsString()}
	}
	if latency := t.Config.GetAttr("latency"); !latency.IsNull() {
		d, err := schemas.ParseDuration(latency.AsString())
		if err != nil {
			return nil, fmt.Errorf("%s: latency: %w", t.Address, err)
		}
		c.latency = time.Duration(d)
	}
	return c, nil
}

// connection is both reader and writer of one target.
type connection struct {
	world   *World
	owner   resource.Owner
	target  address.Target
	fault   func(Call) Fault
	latency time.Duration
}

// Close does nothing.
func (c *connection) Close() error { return nil }

// call waits for the latency and asks for the fault.
func (c *connection) call(ctx context.Context, verb string, a address.Resource) (Fault, error) {
	if c.latency > 0 {
		timer := time.NewTimer(c.latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return None, err
	}
	if c.fault == nil {
		return None, nil
	}
	fault := c.fault(Call{Verb: verb, Address: a})
	if fault == Hang {
		<-ctx.Done()
		return None, ctx.Err()
	}
	return fault, nil
}

var (
	errRefused = fmt.Errorf("the simulated target refused")
	errLost    = fmt.Errorf("the simulated target's reply was lost")
	errPartial = fmt.Errorf("the simulated process did not start")
)

func null(t *resource.Type) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, a := range t.Attributes {
		out[a.Name] = cty.NullVal(a.Type)
	}
	return out
}
