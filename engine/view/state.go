package view

import (
	"fmt"
	"io"

	"github.com/erlmcp/erlmcp/engine/state"
)

// State writes what is recorded, for people.
func State(w io.Writer, s Style, v *state.View) {
	if v.Fresh {
		fmt.Fprintln(w, "There is no state yet: nothing was applied from this folder.")
		return
	}
	snapshot := v.Snapshot
	fmt.Fprintf(w, "%s revision %d, serial %d, lineage %s\n", s.Paint(Bold, "State:"), snapshot.Revision.Number, snapshot.Serial, snapshot.Lineage)
	if n := len(snapshot.Uncertain); n > 0 {
		fmt.Fprintf(w, "%s an apply was interrupted; what became of %s is found out by the next plan.\n", s.Paint(Yellow+";"+Bold, "Note:"), count(n, "operation"))
	}
	fmt.Fprintln(w)
	var list []*state.Resource
	for _, a := range snapshot.Addresses() {
		list = append(list, snapshot.Resources[a])
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "No resource is recorded.")
	}
	Resources(w, s, list)
	if len(snapshot.Outputs) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.Paint(Bold, "outputs"))
		Outputs(w, s, snapshot.Outputs)
	}
}

// Resources writes recorded resources with their values.
func Resources(w io.Writer, s Style, list []*state.Resource) {
	for i, r := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s  %s\n", s.Paint(Bold, r.Address.String()), s.Paint(Dim, r.Type))
		for _, d := range r.DependsOn {
			fmt.Fprintf(w, "    %s %s\n", s.Paint(Dim, "needs"), d)
		}
		table(w, s, "   ", "", Dim, leaves(nil, r.Object.Values, r.Object.Secrets), "")
	}
}

// StateJSON is the machine's form of a state. Secrets are absent.
type StateJSON struct {
	Lineage   string         `json:"lineage"`
	Serial    uint64         `json:"serial"`
	Revision  state.Revision `json:"revision"`
	Resources []ResourceJSON `json:"resources"`
	Outputs   map[string]any `json:"outputs"`
}

// ResourceJSON is what is recorded of one resource.
type ResourceJSON struct {
	Address   string   `json:"address"`
	Type      string   `json:"type"`
	DependsOn []string `json:"depends_on,omitempty"`
	Values    any      `json:"values"`
	Sensitive []string `json:"sensitive,omitempty"`
}

// NewStateJSON converts a state.
func NewStateJSON(v *state.View) StateJSON {
	s := v.Snapshot
	var list []*state.Resource
	for _, a := range s.Addresses() {
		list = append(list, s.Resources[a])
	}
	return StateJSON{
		Lineage: s.Lineage, Serial: s.Serial, Revision: s.Revision,
		Resources: ResourcesJSON(list), Outputs: OutputsJSON(s.Outputs),
	}
}

// ResourcesJSON converts recorded resources.
func ResourcesJSON(list []*state.Resource) []ResourceJSON {
	out := []ResourceJSON{}
	for _, r := range list {
		j := ResourceJSON{Address: r.Address.String(), Type: r.Type, Values: valueJSON(r.Object.Values)}
		for _, d := range r.DependsOn {
			j.DependsOn = append(j.DependsOn, d.String())
		}
		for _, l := range leaves(nil, r.Object.Values, r.Object.Secrets) {
			if l.secret {
				j.Sensitive = append(j.Sensitive, l.path)
			}
		}
		out = append(out, j)
	}
	return out
}
