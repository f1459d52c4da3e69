package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// Resolver turns instances of servers into the resources that are wanted. A plan
// and its apply use the same, so that they come to the same. It is safe for
// concurrent use.
type Resolver struct {
	configuration Configuration
	providers     map[string]resource.Provider
	types         map[string]*resource.Type
	instances     map[config.Ref]*config.Instance
	key           []byte

	mu        sync.Mutex // guards all below
	exports   config.Exports
	endpoints map[config.Ref]address.Resource
	codec     resource.Codec
}

// Wanted is a resource as the configuration wants it.
type Wanted struct {
	resource.Desired
	// Object is Desired.Values without secrets.
	Object resource.Object
	// Source is the instance that it was lowered from, and Instance what that
	// instance is.
	Source   config.Ref
	Instance *resource.Instance
	// Endpoint says that it answers its server's requests.
	Endpoint bool
	// Checked says that its server is checked after each change of it.
	Checked bool
	// Settled says that nothing unknown went into it: an attribute that is
	// unknown all the same is the provider's to fill in.
	Settled bool
	// Digest is over all of the above, secrets by their digests.
	Digest string
}

// NewResolver returns a resolver that knows no exports. Secrets are digested
// with the key.
func NewResolver(c Configuration, providers map[string]resource.Provider, key []byte) *Resolver {
	r := &Resolver{
		configuration: c, providers: providers, key: key,
		types:     map[string]*resource.Type{},
		instances: map[config.Ref]*config.Instance{},
		endpoints: map[config.Ref]address.Resource{},
	}
	for _, p := range providers {
		for _, t := range p.Types() {
			r.types[t.Name] = t
		}
	}
	instances := c.Instances()
	for i := range instances {
		r.instances[instances[i].Ref] = &instances[i]
	}
	return r
}

// Type returns the type of that name, or nil.
func (r *Resolver) Type(name string) *resource.Type { return r.types[name] }

// Export makes known what an instance exports, of config.ExportType.
func (r *Resolver) Export(ref config.Ref, v cty.Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exports.Set(ref, v)
}

// Outputs evaluates the outputs with what is known.
func (r *Resolver) Outputs() ([]config.Output, diag.List) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.configuration.Outputs(&r.exports)
}

// Resolve evaluates an instance with what is known and lowers it. Instances that
// it depends on must have been resolved before.
func (r *Resolver) Resolve(ref config.Ref) ([]*Wanted, diag.List) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.instances[ref]
	if in == nil {
		return nil, diag.List{diag.Errorf("No such instance", "The configuration has no %s on %s.", ref.Server, ref.Target)}
	}
	instance, diags := r.configuration.Evaluate(ref, &r.exports)
	if diags.HasErrors() {
		return nil, diags
	}
	provider := r.providers[ref.Target.Kind]
	if provider == nil {
		d := diag.Errorf("Unknown kind of target", "%s on %s: there is no provider for targets of the kind %q.", ref.Server, ref.Target, ref.Target.Kind)
		return nil, append(diags, d.At(in.Range))
	}
	instance.DependsOn = nil
	for _, d := range in.DependsOn {
		if e, ok := r.endpoints[d]; ok {
			instance.DependsOn = append(instance.DependsOn, e)
		}
	}
	lowered, ds := provider.Lower(instance)
	for _, d := range ds {
		d.Summary = diag.Capital(d.Summary)
		switch {
		case d.Range != nil:
		case d.Address == in.Target.String():
			d.Range = cmp.Or(instance.Target.Range, in.Range)
		default:
			d.Range = in.Range
		}
	}
	if diags = append(diags, ds...); diags.HasErrors() {
		return nil, diags
	}
	r.endpoints[ref] = lowered.Endpoint
	checked := lowered.Checked
	if checked == (address.Resource{}) {
		checked = lowered.Endpoint
	}
	settled := instance.Document.IsWhollyKnown() && (instance.Placement == cty.NilVal || instance.Placement.IsWhollyKnown())
	out := make([]*Wanted, 0, len(lowered.Resources))
	for _, d := range lowered.Resources {
		w := &Wanted{Desired: d, Source: ref, Instance: &instance, Endpoint: d.Address == lowered.Endpoint, Checked: d.Address == checked, Settled: settled}
		if err := r.finish(w); err != nil {
			e := diag.Errorf("A resource cannot be used", "%s: %s.", d.Address, err)
			e.Address = d.Address.String()
			return nil, append(diags, e.At(in.Range))
		}
		out = append(out, w)
	}
	return out, diags
}

func (r *Resolver) finish(w *Wanted) (err error) {
	if r.types[w.Type] == nil {
		return fmt.Errorf("its type %q is not one of its provider's", w.Type)
	}
	slices.SortFunc(w.DependsOn, address.Resource.Compare)
	w.DependsOn = slices.Compact(w.DependsOn)
	if w.Object, err = resource.Redact(w.Values, r.key); err != nil {
		return err
	}
	w.Digest, err = r.digest(w)
	return err
}

func (r *Resolver) digest(w *Wanted) (string, error) {
	object, err := r.codec.Encode(w.Object)
	if err != nil {
		return "", err
	}
	files := make([]string, 0, len(w.Files))
	for _, f := range w.Files {
		files = append(files, f.Path+" "+f.SHA256)
	}
	var smokes []json.RawMessage
	var rollout resource.Rollout // of what is checked: what servers share is the same for each
	if w.Checked {
		rollout = w.Instance.Rollout
		if smokes, err = r.smokes(w.Instance.Smokes); err != nil {
			return "", err
		}
	}
	raw, err := json.Marshal(struct {
		Address   address.Resource
		Type      string
		Object    json.RawMessage
		DependsOn []address.Resource
		Files     []string
		Endpoint  bool
		Stages    []resource.Stage
		Rollout   resource.Rollout
		Smokes    []json.RawMessage
	}{w.Address, w.Type, object, w.DependsOn, files, w.Endpoint, w.Stages, rollout, smokes})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// smokes is what checks are made of, without secrets.
func (r *Resolver) smokes(in []resource.Smoke) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, s := range in {
		values := map[string]cty.Value{
			"name": cty.StringVal(s.Name), "call": cty.StringVal(s.Call), "with": s.With, "require": cty.NullVal(cty.String),
			"tools": cty.StringVal(strings.Join(s.Tools, "\n")), "retries": cty.NumberIntVal(int64(s.Retries)),
			"timeout": cty.StringVal(s.Timeout.String()),
		}
		if s.Require != nil {
			values["require"] = cty.StringVal(s.Require.Source)
		}
		o, err := resource.Redact(cty.ObjectVal(values), r.key)
		if err != nil {
			return nil, err
		}
		raw, err := r.codec.Encode(o)
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}

// Owned names the attributes that are wanted, in the type's order: neither null
// nor unknown as a whole, which is the provider's to fill in.
func Owned(t *resource.Type, o resource.Object) []string {
	var out []string
	for i := range t.Attributes {
		name := t.Attributes[i].Name
		v := attribute(o, name)
		if v.IsKnown() && !v.IsNull() || len(secretsOf(o, name)) > 0 {
			out = append(out, name)
		}
	}
	return out
}

// attribute is the attribute of an object that may not exist.
func attribute(o resource.Object, name string) cty.Value {
	if o.Values == cty.NilVal || !o.Values.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return o.Values.GetAttr(name)
}

// secretsOf are the object's secrets within an attribute.
func secretsOf(o resource.Object, name string) []resource.Secret {
	var out []resource.Secret
	for _, s := range o.Secrets {
		if len(s.Path) == 0 {
			continue
		}
		if step, ok := s.Path[0].(cty.GetAttrStep); ok && step.Name == name {
			out = append(out, s)
		}
	}
	return out
}
