package release

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/version"
)

// Options say what to revive, and from what.
type Options struct {
	// Snapshot is what the revision left.
	Snapshot *state.Snapshot
	Revision int
	// Present is the configuration as it is now, from which secrets are taken.
	Present plan.Configuration
	// Providers by kind of target.
	Providers map[string]resource.Provider
	// File finds a file by the SHA-256 of its content.
	File func(sha256 string) (path string, ok bool)
}

// Revive makes a revision into a configuration. What is missing of it is all named.
func Revive(o Options) (*Past, diag.List) {
	if o.Snapshot.Version != version.Version {
		return nil, diag.List{o.elsewhere(diag.Errorf("The revision was made by another erlmcp",
			"Revision %d was applied by erlmcp %s, and this is %s, which has another runtime.", o.Revision, o.Snapshot.Version, version.Version))}
	}
	r := &reviver{Options: o, types: map[string]*resource.Type{}}
	for _, p := range o.Providers {
		for _, t := range p.Types() {
			r.types[t.Name] = t
		}
	}
	if r.diags = r.gather(); r.diags.HasErrors() {
		return nil, r.diags
	}
	p := &Past{snapshot: o.Snapshot}
	resources := map[address.Resource]resource.Desired{}
	for _, a := range o.Snapshot.Addresses() {
		resources[a] = r.desired(o.Snapshot.Resources[a])
	}
	p.outputs = r.outputs()
	if r.diags.HasErrors() {
		r.diags.Sort()
		return nil, r.diags
	}
	p.placeTargets(o.Present.Targets())
	if err := p.arrange(resources); err != nil {
		return nil, diag.List{diag.Errorf("The revision cannot be planned", "Its resources depend on each other in %s.", err)}
	}
	return p, nil
}

// elsewhere adds the way that always works.
func (o Options) elsewhere(d *diag.Diagnostic) *diag.Diagnostic {
	return d.Fix("Check out the configuration of that revision and apply it.")
}

type reviver struct {
	Options
	types   map[string]*resource.Type
	secrets map[string]cty.Value // of the present, by digest, without marks
	diags   diag.List
}

// gather finds the secrets of the present configuration.
func (r *reviver) gather() diag.List {
	r.secrets = map[string]cty.Value{}
	key := r.Snapshot.DigestKey
	resolver := plan.NewResolver(r.Present, r.Providers, key)
	var diags diag.List
	for _, in := range r.Present.Instances() {
		wanted, ds := resolver.Resolve(in.Ref)
		diags = append(diags, ds...)
		for _, w := range wanted {
			r.take(w.Values, w.Object)
		}
	}
	outputs, ds := resolver.Outputs()
	diags = append(diags, ds...)
	for _, o := range outputs {
		if object, err := plan.RedactOutput(o, key); err == nil {
			r.take(o.Value, object)
		}
	}
	return diags
}

func (r *reviver) take(values cty.Value, redacted resource.Object) {
	plain, _ := values.UnmarkDeep()
	for _, s := range redacted.Secrets {
		if v, err := s.Path.Apply(plain); err == nil && s.Digest != "" {
			r.secrets[s.Digest] = v
		}
	}
}

// desired is a resource as it is recorded, with what was set of it.
func (r *reviver) desired(recorded *state.Resource) resource.Desired {
	d := resource.Desired{Address: recorded.Address, Type: recorded.Type, DependsOn: recorded.DependsOn}
	t := r.types[recorded.Type]
	if t == nil || len(recorded.Object.Values.Type().TestConformance(t.Object())) > 0 {
		r.missing(recorded.Address, "it is recorded in a form that this erlmcp does not know")
		return d
	}
	attributes := r.reveal(recorded).AsValueMap()
	for name, v := range attributes {
		if !slices.Contains(recorded.Owned, name) {
			attributes[name] = cty.NullVal(v.Type())
		}
	}
	d.Values = cty.ObjectVal(attributes)
	for _, f := range recorded.Files {
		source, ok := r.File(f.SHA256)
		if !ok {
			r.missing(recorded.Address, fmt.Sprintf("the file %s that was shipped with it is not kept any more", f.Path))
			continue
		}
		d.Files = append(d.Files, resource.File{Path: f.Path, Source: source, SHA256: f.SHA256, Size: f.Size})
	}
	return d
}

// reveal puts secrets back into their places.
func (r *reviver) reveal(recorded *state.Resource) cty.Value {
	digests := map[string]string{}
	for _, s := range recorded.Object.Secrets {
		digests[resource.FormatPath(s.Path)] = s.Digest
	}
	if len(digests) == 0 {
		return recorded.Object.Values
	}
	out, err := cty.Transform(recorded.Object.Values, func(p cty.Path, v cty.Value) (cty.Value, error) {
		at := resource.FormatPath(p)
		digest, ok := digests[at]
		if !ok {
			return v, nil
		}
		secret, ok := r.secrets[digest]
		if !ok || !secret.Type().Equals(v.Type()) {
			r.missing(recorded.Address, fmt.Sprintf("the secret in its %s is another one now", at))
			return v, nil
		}
		return secret.Mark(schemas.Sensitive), nil
	})
	if err != nil {
		r.missing(recorded.Address, err.Error())
		return recorded.Object.Values
	}
	return out
}

func (r *reviver) missing(a address.Resource, what string) {
	d := diag.Errorf("A part of the revision cannot be had", "%s, as revision %d left it: %s.", a, r.Revision, what)
	d.Address = a.String()
	d.Fix("Give the variables the values that they had then, with -var or -var-file. Or check out the configuration of that revision and apply it.")
	r.diags = append(r.diags, d)
}

// outputs are those that the revision left.
func (r *reviver) outputs() []config.Output {
	var out []config.Output
	for _, name := range slices.Sorted(maps.Keys(r.Snapshot.Outputs)) {
		o := r.Snapshot.Outputs[name]
		v := o.Value.Values
		if o.Sensitive {
			v = cty.DynamicVal
			if len(o.Value.Secrets) == 1 {
				if secret, ok := r.secrets[o.Value.Secrets[0].Digest]; ok {
					v = secret
				}
			}
			v = v.Mark(schemas.Sensitive)
		}
		out = append(out, config.Output{Name: name, Sensitive: o.Sensitive, Value: v})
	}
	return out
}
