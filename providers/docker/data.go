package docker

import (
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/providers/image"
)

// data is a folder in which a server keeps what is to outlive its container. It has
// a volume of its own.
type data struct {
	part string // of the volume's resource
	path string // in the container, as the document has it
}

// dataSuffix stands in the name of a volume of data between that of the server and
// the part. No other name has two dots in a row.
const dataSuffix = ".."

// seed is where the image has an empty folder of the server's user, for each part.
// An engine gives a new volume the owner and mode of the folder that it is mounted
// on, and makes that folder root's where the image has none. So a volume of data is
// mounted here besides.
func seed(part string) string { return image.DataFolder + "/" + part }

// dataOf are the folders of data of a server. One inside another needs no volume.
func dataOf(in resource.Instance) ([]data, diag.List) {
	var all []data
	var l diag.List
	for _, d := range []struct {
		part, at string
		block    []string
		folder   string
	}{
		{"receipts", "receipts.folder", []string{"receipts"}, "folder"},
		{"certificates", "tls.acme.storage", []string{"tls", "acme"}, "storage"},
	} {
		if !stands(in.Document, d.block...) {
			continue
		}
		v, _ := document.Setting(in.Document, append(d.block, d.folder)...).Unmark()
		if !v.IsKnown() {
			l = append(l, refusal(in, "not known yet", "%s depends on something that is only known after apply, and a volume is to be there.", d.at).
				Fix("Use variables and locals that do not depend on servers."))
			continue
		}
		folder := path.Clean(v.AsString())
		if slices.ContainsFunc([]string{programPath, configFolder, runFolder, image.DataFolder}, func(own string) bool {
			return within(folder, own) || within(own, folder)
		}) {
			l = append(l, refusal(in, "not a place for data", "%s is %q, where the image has things of its own.", d.at, folder).
				Fix("Choose another folder, such as \"/data/%s\".", d.part))
			continue
		}
		all = append(all, data{part: d.part, path: folder})
	}
	if !l.HasErrors() {
		l = append(l, checkKeyFile(in, all)...)
	}
	return outermost(all), l
}

// stands reports whether a document has a block, below others.
func stands(doc cty.Value, names ...string) bool {
	for _, name := range names {
		if doc, _ = doc.GetAttr(name).Unmark(); !doc.IsKnown() || doc.IsNull() {
			return false
		}
	}
	return true
}

// checkKeyFile refuses a key of receipts that would be made outside of every
// volume: the root file system of a container cannot be written.
func checkKeyFile(in resource.Instance, all []data) diag.List {
	if !stands(in.Document, "receipts") {
		return nil
	}
	v, _ := document.Setting(in.Document, "receipts", "key_file").Unmark()
	if !v.IsKnown() || v.IsNull() || slices.ContainsFunc(all, func(d data) bool { return within(path.Clean(v.AsString()), d.path) }) {
		return nil
	}
	return diag.List{refusal(in, "nowhere to keep it", "receipts.key_file is %q, and of a container only folders of data can be written, such as receipts.folder.", v.AsString()).
		Fix("Leave key_file out: the key is then receipts.key in the folder.")}
}

func outermost(all []data) []data {
	var out []data
	for i, d := range all {
		if !slices.ContainsFunc(all, func(o data) bool { return o.path != d.path && within(d.path, o.path) }) &&
			!slices.ContainsFunc(all[:i], func(o data) bool { return o.path == d.path }) {
			out = append(out, d)
		}
	}
	return out
}

// within reports whether a clean absolute path is the folder or lies below it.
func within(p, folder string) bool {
	return p == folder || strings.HasPrefix(p, strings.TrimSuffix(folder, "/")+"/")
}

func refusal(in resource.Instance, summary, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(summary, detail, args...)
	d.Address = in.Address.String()
	return d
}
