package kubernetes

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// editors are who wrote the document or a file of a server after erlmcp did, by
// attribute.
func editors(name string, docs surroundings) []resource.Author {
	var out []resource.Author
	if secret := docs.secrets.byName[documentName(name)]; secret != nil {
		out = append(out, editorsOf(secret, "document", fields{"data": fields{schemas.DocumentName: ""}})...)
	}
	for _, o := range docs.filesOf(name) {
		held := fields{}
		var paths map[string]string
		_ = json.Unmarshal([]byte(textAt(o.Object, "data", pathsKey)), &paths) // what cannot be read was edited itself
		for key := range paths {
			held[key] = ""
		}
		out = append(out, editorsOf(o, "files", fields{"data": fields{pathsKey: ""}, "binaryData": held})...)
	}
	return out
}

// editorsOf are the managers of those of an object's fields that erlmcp does not own.
func editorsOf(o *unstructured.Unstructured, attribute string, of fields) []resource.Author {
	owners, err := ownersOf(o)
	if err != nil {
		return nil // who did it is not told then; what was done is
	}
	p := &projection{owners: owners, mine: ours(owners)}
	p.project(o.Object, fieldsOf(of))
	var out []resource.Author
	for _, a := range p.authors {
		out = append(out, resource.Author{Path: cty.GetAttrPath(attribute), Name: a.manager})
	}
	return out
}
