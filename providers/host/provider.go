package host

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/artifact"
	"github.com/erlmcp/erlmcp/schemas"
)

// Provider serves targets of the kind "host". Use [New].
type Provider struct {
	runtime func() (*artifact.Binary, error) // found once
}

var _ resource.Provider = (*Provider)(nil)

// New returns the provider.
func New() *Provider {
	return &Provider{runtime: sync.OnceValues(func() (*artifact.Binary, error) { return artifact.Runtime(runtime.GOARCH) })}
}

// Kind is "host".
func (*Provider) Kind() string { return "host" }

// Schema describes a target block.
func (*Provider) Schema() *schemas.Block { return schemas.Describe[schemas.HostTarget]() }

// Types is the process.
func (*Provider) Types() []*resource.Type { return []*resource.Type{processType()} }

// OpenReader looks at the target.
func (p *Provider) OpenReader(_ context.Context, t resource.Target, owner resource.Owner) (resource.Reader, error) {
	m, err := open(t, owner)
	if err != nil {
		return nil, err
	}
	return &reader{m}, nil
}

// OpenWriter changes the target.
func (p *Provider) OpenWriter(_ context.Context, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	m, err := open(t, owner)
	if err != nil {
		return nil, err
	}
	return &writer{machine: m, runtime: p.runtime}, nil
}

// machine is the target: this machine, for the servers of one owner.
type machine struct {
	root   string
	target resource.Target
	owner  resource.Owner
	shared sync.Mutex // held while what servers share in the root is changed
}

func open(t resource.Target, owner resource.Owner) (*machine, error) {
	if runtime.GOOS != "linux" {
		d := diag.Errorf("target host needs Linux", "This machine runs %s.", runtime.GOOS).Fix("Use a docker target.")
		d.Address = t.Address.String()
		return nil, d
	}
	root, err := rootOf(t)
	if err != nil {
		return nil, err
	}
	return &machine{root: root, target: t, owner: owner}, nil
}

// rootOf is the folder of the target's servers.
func rootOf(t resource.Target) (string, error) {
	if root := givenRoot(t); root != "" {
		return root, nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/erlmcp", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		d := diag.Errorf("no folder for the servers", "The home folder is not known: %s", diag.Sentence(err)).Fix("Set root in the target block.")
		d.Address = t.Address.String()
		return "", d
	}
	return filepath.Join(home, ".local", "share", "erlmcp"), nil
}

// placeOf is where the folder of a server is on this machine, whether the target
// block says so or not, and however it spells that.
func placeOf(t resource.Target, at address.Server, given cty.Value) string {
	if !given.IsNull() {
		return resolved(given.AsString())
	}
	root, err := rootOf(t)
	if err != nil {
		return "" // where it would be is not known, and is one place for all such targets
	}
	return resolved(filepath.Join(root, at.Slug()))
}

// resolved is a path without symbolic links, as far as it exists.
func resolved(path string) string {
	if there, err := filepath.EvalSymlinks(path); err == nil {
		return there
	}
	above := filepath.Dir(path)
	if above == path {
		return path
	}
	return filepath.Join(resolved(above), filepath.Base(path))
}

// givenRoot is the root that the target block sets, or "".
func givenRoot(t resource.Target) string {
	v, _ := t.Config.GetAttr("root").Unmark()
	if v.IsNull() || v.AsString() == "" {
		return ""
	}
	root, err := filepath.Abs(v.AsString())
	if err != nil {
		return v.AsString()
	}
	return root
}
