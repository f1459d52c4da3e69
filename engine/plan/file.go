package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/renameio/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/seal"
	"github.com/erlmcp/erlmcp/engine/state"
)

const (
	fileKind   = "erlmcp-plan"
	fileFormat = 1
)

// Encode writes a plan as a sealed file. Equal plans give equal bytes.
func Encode(p *Plan) ([]byte, error) {
	e := encoder{}
	f := e.plan(p)
	f.Types = e.codec.Types()
	if e.err != nil {
		return nil, fmt.Errorf("encode plan: %w", e.err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return seal.Wrap(fileKind, fileFormat, raw), nil
}

// Digest is the SHA-256 of a plan's file, in hex: it tells plans apart. "" when the
// plan has no such form.
func Digest(p *Plan) string {
	raw, err := Encode(p)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Decode is the inverse of Encode. The error is a sentence without its subject,
// such as "was altered: …".
func Decode(file []byte) (*Plan, error) {
	content, err := seal.Unwrap(fileKind, fileFormat, file)
	if err != nil {
		return nil, err
	}
	var f planFile
	if err := json.Unmarshal(content, &f); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	d := decoder{}
	if err := d.codec.Learn(f.Types); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	p := d.plan(&f)
	if d.err != nil {
		return nil, fmt.Errorf("is damaged: %w", d.err)
	}
	return p, nil
}

// Write keeps a plan in a file that only its owner may read.
func Write(path string, p *Plan) error {
	raw, err := Encode(p)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// Read reads a plan from a file. The error of a file that is not a whole plan is
// a *diag.Diagnostic.
func Read(path string) (*Plan, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, diag.Errorf("The plan file cannot be read", "%s.", err).Fix("Give the file of a plan that erlmcp plan -out=FILE saved.")
	}
	p, err := Decode(raw)
	if err != nil {
		return nil, diag.Errorf("The plan file cannot be used", "%s %s. Nothing was changed.", path, err).Fix("Give the file of a plan that erlmcp plan -out=FILE saved, or no file to plan and apply at once.")
	}
	return p, nil
}

// The JSON of a plan.
type planFile struct {
	PlannedBy string       `json:"planned_by"`
	Mode      Mode         `json:"mode"`
	Lineage   string       `json:"lineage"`
	Serial    uint64       `json:"serial"`
	Journal   int          `json:"journal,omitempty"`
	Only      []string     `json:"only,omitempty"`
	Replace   []string     `json:"replace,omitempty"`
	Changes   []changeFile `json:"changes,omitempty"`
	Outputs   []outputFile `json:"outputs,omitempty"`
	Targets   []targetFile `json:"targets,omitempty"`
	Steps     []stepFile   `json:"steps,omitempty"`
	Exports   []exportFile `json:"exports,omitempty"`
	// Unverified are targets that did not answer.
	Unverified []address.Target           `json:"unverified,omitempty"`
	Types      map[string]json.RawMessage `json:"types,omitempty"`
}

type changeFile struct {
	Address     address.Resource `json:"address"`
	Type        string           `json:"type"`
	Action      Action           `json:"action"`
	Before      json.RawMessage  `json:"before,omitempty"`
	After       json.RawMessage  `json:"after,omitempty"`
	Differences []differenceFile `json:"differences,omitempty"`
	Reasons     []Reason         `json:"reasons,omitempty"`
	Impact      resource.Impact  `json:"impact,omitempty"`
	Drift       []differenceFile `json:"drift,omitempty"`
	Gone        bool             `json:"gone,omitempty"`
	Endpoint    bool             `json:"endpoint,omitempty"`
	Smokes      []SmokeNote      `json:"smokes,omitempty"`
	Stages      []resource.Stage `json:"stages,omitempty"`
	Source      *refFile         `json:"source,omitempty"`
	Digest      string           `json:"digest,omitempty"`
}

type refFile struct {
	Server string         `json:"server"`
	Target address.Target `json:"target"`
}

type differenceFile struct {
	Path      json.RawMessage `json:"path"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
	Sensitive bool            `json:"sensitive,omitempty"`
	Replace   bool            `json:"replace,omitempty"`
	Impact    resource.Impact `json:"impact,omitempty"`
	By        string          `json:"by,omitempty"`
}

type outputFile struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Sensitive   bool            `json:"sensitive,omitempty"`
	Before      json.RawMessage `json:"before"`
	After       json.RawMessage `json:"after"`
	Changed     bool            `json:"changed,omitempty"`
}

type targetFile struct {
	Address address.Target  `json:"address"`
	Config  json.RawMessage `json:"config"`
	Former  bool            `json:"former,omitempty"`
}

type stepFile struct {
	Address   address.Resource `json:"address"`
	Type      string           `json:"type"`
	Action    Action           `json:"action"`
	DependsOn []int            `json:"depends_on,omitempty"`
	Stage     resource.Stage   `json:"stage,omitzero"`
	Resource  json.RawMessage  `json:"resource,omitempty"`
	Prior     json.RawMessage  `json:"prior,omitempty"`
}

type exportFile struct {
	Ref   refFile         `json:"instance"`
	Value json.RawMessage `json:"value"`
}

// encoder turns a plan into its JSON and keeps the first error.
type encoder struct {
	codec resource.Codec
	err   error
}

func (e *encoder) object(o resource.Object) json.RawMessage {
	raw, err := e.codec.Encode(o)
	if err != nil && e.err == nil {
		e.err = err
	}
	return raw
}

func (e *encoder) value(v cty.Value) json.RawMessage {
	return e.object(resource.Object{Values: v})
}

func (e *encoder) plan(p *Plan) *planFile {
	f := &planFile{
		PlannedBy: p.PlannedBy, Mode: p.Mode, Lineage: p.Lineage, Serial: p.Serial, Journal: p.Journal,
		Only: p.Only, Replace: p.Replace,
	}
	for i := range p.Changes {
		f.Changes = append(f.Changes, e.change(&p.Changes[i]))
	}
	for _, o := range p.Outputs {
		f.Outputs = append(f.Outputs, outputFile{
			Name: o.Name, Description: o.Description, Sensitive: o.Sensitive,
			Before: e.object(o.Before), After: e.object(o.After), Changed: o.Changed,
		})
	}
	for _, t := range p.Targets {
		f.Targets = append(f.Targets, targetFile{Address: t.Address, Config: e.object(t.Config), Former: t.Former})
	}
	for i := range p.Steps {
		f.Steps = append(f.Steps, e.step(&p.Steps[i]))
	}
	f.Unverified = p.Unverified
	for _, x := range p.Exports {
		f.Exports = append(f.Exports, exportFile{Ref: encodeRef(x.Ref), Value: e.value(x.Value)})
	}
	return f
}

func encodeRef(r config.Ref) refFile { return refFile{Server: r.Server.String(), Target: r.Target} }

func (e *encoder) change(c *Change) changeFile {
	f := changeFile{
		Address: c.Address, Type: c.Type, Action: c.Action,
		Differences: e.differences(c.Differences), Reasons: c.Reasons, Impact: c.Impact,
		Drift: e.differences(c.Drift), Gone: c.Gone, Endpoint: c.Endpoint, Smokes: c.Smokes, Stages: c.Stages, Digest: c.Digest,
		Before: e.object(c.Before),
	}
	if c.Action != NoOp {
		f.After = e.object(c.After)
	}
	if c.Source != (config.Ref{}) {
		ref := encodeRef(c.Source)
		f.Source = &ref
	}
	return f
}

func (e *encoder) differences(in []resource.Difference) []differenceFile {
	var out []differenceFile
	for _, d := range in {
		path, err := resource.EncodePath(d.Path)
		if err != nil && e.err == nil {
			e.err = err
		}
		out = append(out, differenceFile{
			Path: path, Before: e.value(d.Before), After: e.value(d.After),
			Sensitive: d.Sensitive, Replace: d.Replace, Impact: d.Impact, By: d.By,
		})
	}
	return out
}

func (e *encoder) step(s *Step) stepFile {
	f := stepFile{Address: s.Address, Type: s.Type, Action: s.Action, DependsOn: s.DependsOn, Stage: s.Stage}
	if s.Prior.Values != cty.NilVal {
		f.Prior = e.object(s.Prior)
	}
	if s.Resource != nil {
		raw, err := state.EncodeResource(&e.codec, s.Resource)
		if err != nil && e.err == nil {
			e.err = err
		}
		f.Resource = raw
	}
	return f
}
