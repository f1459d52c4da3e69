package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
)

type reader struct{ *cluster }

// lists are the answers to one batch of keys, by type.
type lists struct {
	objects map[string]listing
	docs    surroundings
	errs    map[string]error
}

// Read lists each kind once, however many keys there are.
func (r *reader) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	all := r.lists(ctx, keys)
	out := make([]resource.Reading, len(keys))
	for i, k := range keys {
		reading, err := r.read(ctx, k, all)
		if err != nil {
			reading = resource.Reading{Err: err}
		}
		out[i] = reading
	}
	return out
}

func (c *cluster) lists(ctx context.Context, keys []resource.Key) lists {
	all := lists{map[string]listing{}, surroundings{}, map[string]error{}}
	for _, k := range keys {
		kind, isObject := kinds[k.Type]
		if _, done := all.objects[k.Type]; done || !isObject {
			continue
		}
		all.objects[k.Type], all.errs[k.Type] = c.list(ctx, kind, c.namespaceOf(k.Type), "")
	}
	c.surround(ctx, &all)
	return all
}

// surround adds what objects tell of besides themselves.
func (c *cluster) surround(ctx context.Context, all *lists) {
	for _, typ := range []string{DeploymentType, StatefulSetType} {
		if _, asked := all.objects[typ]; !asked {
			continue
		}
		if all.docs.secrets.byName == nil {
			var err error
			if all.docs, err = c.documents(ctx, ""); err != nil {
				all.errs[typ] = errors.Join(all.errs[typ], err)
			}
		}
	}
	for _, o := range all.objects[ServiceType].byName {
		if isNodePort(o) {
			all.docs.node = c.nodeAddress(ctx)
			return
		}
	}
}

// documents lists the Secrets and ConfigMaps of all servers, or of one.
func (c *cluster) documents(ctx context.Context, server string) (surroundings, error) {
	held, err := c.list(ctx, secrets, c.Namespace, server, besideName(server))
	if err != nil {
		return surroundings{}, err
	}
	files, err := c.list(ctx, configMaps, c.Namespace, server)
	return surroundings{secrets: held, files: files}, err
}

// namespaceOf is the namespace that objects of a type are in, "" for none.
func (c *cluster) namespaceOf(typ string) string {
	if typ == NamespaceType {
		return ""
	}
	return c.Namespace
}

func (c *cluster) read(ctx context.Context, k resource.Key, all lists) (resource.Reading, error) {
	if k.Type == ImageType {
		return c.readImage(ctx, k.Prior)
	}
	if _, ok := kinds[k.Type]; !ok {
		return resource.Reading{}, fmt.Errorf("%s is not a type of this provider", k.Type)
	}
	if err := all.errs[k.Type]; err != nil {
		return resource.Reading{}, err
	}
	if ns := all.objects[NamespaceType].byName[c.Namespace]; ns != nil && ns.GetDeletionTimestamp() != nil {
		return resource.Reading{}, nil // what is in it goes with it
	}
	o, err := all.objects[k.Type].one(k.Address)
	if err != nil || o == nil {
		return resource.Reading{}, err
	}
	return observe(k.Type, o, k.Prior, all.docs)
}

// observe is an object as attributes: its manifest in the fields that erlmcp
// owns, and in those that it set last, as far as they are there.
func observe(typ string, o *unstructured.Unstructured, prior cty.Value, docs surroundings) (resource.Reading, error) {
	owners, err := ownersOf(o)
	if err != nil {
		return resource.Reading{}, err
	}
	p := &projection{owners: owners, mine: ours(owners)}
	set := p.mine
	if was := manifestOf(prior); was != nil {
		set = set.Union(fieldsOf(was))
	}
	manifest := withoutBookkeeping(p.project(o.Object, set))
	values := map[string]cty.Value{
		"name":     cty.StringVal(o.GetName()),
		"manifest": valueOf(manifest),
		"uid":      cty.StringVal(string(o.GetUID())),
	}
	if typ != NamespaceType {
		values["namespace"] = cty.StringVal(o.GetNamespace())
	}
	switch typ {
	case DeploymentType, StatefulSetType:
		observeDocument(values, o, docs)
	case ServiceType:
		observeEndpoint(values, o, docs.node)
	case RouteType, IngressType:
		for name, v := range wayURL(o.Object) {
			values[name] = v
		}
	}
	out := resource.Reading{Exists: true, Values: object(typeOf(typ), values)}
	for _, a := range p.authors {
		out.Authors = append(out.Authors, resource.Author{Path: append(cty.GetAttrPath("manifest"), a.path...), Name: a.manager})
	}
	if isWorkload(typ) {
		out.Authors = append(out.Authors, editors(o.GetName(), docs)...)
	}
	return out, nil
}

// manifestOf is the manifest in recorded or desired values; nil when there is
// none, or it is not known.
func manifestOf(values cty.Value) fields {
	if values == cty.NilVal || values.IsNull() || !values.Type().HasAttribute("manifest") {
		return nil
	}
	v, _ := values.GetAttr("manifest").UnmarkDeep()
	if v.IsNull() || !v.IsWhollyKnown() {
		return nil
	}
	out, _ := jsonOf(v).(fields)
	return out
}

// bookkeeping is what erlmcp's objects bear for erlmcp's own use: it says nothing
// about what they do, and changes with every apply.
var bookkeeping = []string{LabelLineage, AnnotationAddress, AnnotationRevision, AnnotationRestart, AnnotationLoaded}

// withoutBookkeeping leaves out what manifests do not say.
func withoutBookkeeping(o fields) fields {
	for _, name := range []string{"apiVersion", "kind", "status"} {
		delete(o, name)
	}
	clean(o)
	if template, ok := at(o, "spec", "template").(fields); ok {
		clean(template)
	}
	return o
}

func clean(o fields) {
	meta, ok := o["metadata"].(fields)
	if !ok {
		return
	}
	for _, name := range []string{"name", "namespace", "creationTimestamp"} {
		delete(meta, name)
	}
	for _, group := range []string{"labels", "annotations"} {
		m, ok := meta[group].(fields)
		if !ok {
			continue
		}
		for _, name := range bookkeeping {
			delete(m, name)
		}
		if len(m) == 0 {
			delete(meta, group)
		}
	}
}
