package document

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Attribute describes the attribute "document" of a resource: the runtime
// document, of type schemas.Describe[schemas.Server]().Type(). That takes a
// millisecond to make, so it is not for variables that each start fills.
func Attribute() resource.Attribute {
	return resource.Attribute{
		Name: "document", Type: schemas.Describe[schemas.Server]().Type(),
		Doc:      "The runtime document: what the server block says.",
		ImpactAt: ImpactAt,
	}
}

// FilesAttribute describes the attribute "files" of a resource, as Files makes it.
func FilesAttribute() resource.Attribute {
	return resource.Attribute{
		Name: "files", Type: cty.Map(cty.String), Impact: resource.ImpactReload,
		Doc: "The files that are shipped with the document: SHA-256 by path.",
	}
}

// Files is the digest of each file by its path.
func Files(files []resource.File) cty.Value {
	digests := make(map[string]string, len(files))
	for _, f := range files {
		digests[f.Path] = f.SHA256
	}
	return Digests(digests)
}

// Digests is the value of the attribute "files".
func Digests(byPath map[string]string) cty.Value {
	if len(byPath) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	out := make(map[string]cty.Value, len(byPath))
	for path, sum := range byPath {
		out[path] = cty.StringVal(sum)
	}
	return cty.MapVal(out)
}

// ImpactAt is what users feel of a change at the path in a document, as the
// vocabulary says: a reload, unless a block or attribute on the way is heavier.
func ImpactAt(path cty.Path) resource.Impact {
	if len(path) == 0 {
		return resource.ImpactRestart // any part may have changed
	}
	block, impact := schemas.Describe[schemas.Server](), ""
	for _, step := range path {
		s, ok := step.(cty.GetAttrStep)
		if !ok {
			continue // a label, or a place in a list
		}
		if n := block.Nested(s.Name); n != nil {
			if n.Impact != "" {
				impact = n.Impact
			}
			block = n.Block
			continue
		}
		if a := block.Attribute(s.Name); a != nil && a.Impact != "" {
			impact = a.Impact
		}
		break
	}
	if impact == "restart" {
		return resource.ImpactRestart
	}
	return resource.ImpactReload
}

// Changed lists the attributes of desired that are not null and differ from
// actual, by name, with the heaviest impact of each. Both are in the clear.
func Changed(t *resource.Type, actual, desired cty.Value) map[string]resource.Impact {
	before, _ := actual.UnmarkDeep()
	after, _ := desired.UnmarkDeep()
	var owned []string
	for _, a := range t.Attributes {
		if !after.GetAttr(a.Name).IsNull() {
			owned = append(owned, a.Name)
		}
	}
	out := map[string]resource.Impact{}
	for _, d := range resource.Diff(t, resource.Object{Values: before}, resource.Object{Values: after}, owned) {
		name := d.Path[0].(cty.GetAttrStep).Name
		out[name] = max(out[name], d.Impact)
	}
	return out
}
