package kubernetes

import (
	"encoding/base64"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Render is a resource as the objects that an apply makes of it, without what
// erlmcp's own objects bear for erlmcp: for those who apply by other means. The
// document's Secret is among them, in the clear. An image is no object.
func Render(d resource.Desired) ([]map[string]any, error) {
	k, isObject := kinds[d.Type]
	if !isObject {
		return nil, nil
	}
	body := manifestOf(d.Values)
	if body == nil {
		return nil, fmt.Errorf("%s depends on something that is only known after apply", d.Address)
	}
	i := intent{kind: k, name: d.Values.GetAttr("name").AsString(), address: d.Address, body: body}
	if ns := d.Values.GetAttr("namespace"); !ns.IsNull() {
		i.namespace = ns.AsString()
	}
	if !isWorkload(d.Type) {
		return []fields{i.object()}, nil
	}
	parts, err := i.parts(d.Values.GetAttr("document"), d.Files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Address, err)
	}
	var out []fields
	for _, p := range append(parts, i) {
		out = append(out, p.object())
	}
	return out, nil
}

// parts are the Secret with the document and the ConfigMaps with the files of a
// Deployment.
func (i intent) parts(document cty.Value, files []resource.File) ([]intent, error) {
	raw, err := schemas.Encode(document)
	if err != nil {
		return nil, err
	}
	chunks, err := chunk(files)
	if err != nil {
		return nil, err
	}
	part := func(k kind, name string, body fields) intent {
		body["metadata"] = fields{"labels": fields{
			"app.kubernetes.io/name": i.name, "app.kubernetes.io/managed-by": Manager, LabelServer: i.name,
		}}
		return intent{kind: k, namespace: i.namespace, name: name, address: i.address, body: body, before: body}
	}
	out := []intent{part(secrets, documentName(i.name), fields{
		"type": "Opaque", "data": fields{schemas.DocumentName: base64.StdEncoding.EncodeToString(raw)},
	})}
	for n, files := range chunks {
		body, err := fileObject(files)
		if err != nil {
			return nil, err
		}
		out = append(out, part(configMaps, filesName(i.name, n), body))
	}
	return out, nil
}
