package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// checkRoom refuses a container that the engine would not start, as far as that
// can be known before anything is touched.
func (w *writer) checkRoom(ctx context.Context, c resource.Change) error {
	if err := w.checkLimits(ctx, c); err != nil {
		return err
	}
	name := c.Desired.GetAttr("network").AsString()
	switch _, err := w.api.NetworkInspect(ctx, name, client.NetworkInspectOptions{}); {
	case errdefs.IsNotFound(err):
		return refuse(w.target, "no such network", "The engine has no network %q.", name).Fix("Create it, or leave out network in the target block.")
	case err != nil:
		return fmt.Errorf("inspect network %s: %w", name, err)
	}
	return w.checkPorts(ctx, c)
}

// checkLimits refuses more processor time than the engine's machine has.
func (w *writer) checkLimits(ctx context.Context, c resource.Change) error {
	info, err := w.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("ask the engine for its processors: %w", err)
	}
	v, _ := c.Desired.GetAttr("cpu").Unmark()
	wanted, _ := v.AsBigFloat().Float64()
	if info.Info.NCPU == 0 || wanted <= float64(info.Info.NCPU) {
		return nil
	}
	d := diag.Errorf("more processors than there are", "limits { cpu = %g } is wanted, and the engine's machine has %d.", wanted, info.Info.NCPU).
		Fix("Set limits { cpu = … } to %d or less.", info.Info.NCPU)
	d.Address = c.Address.String()
	return d
}

// checkPorts refuses ports that somebody else has. Those of the containers of the
// change's own address do not count: they make room.
func (w *writer) checkPorts(ctx context.Context, c resource.Change) error {
	l, err := w.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	ports, _ := c.Desired.GetAttr("ports").UnmarkDeep()
	for _, outside := range ports.AsValueMap() {
		host, number, _ := cutLast(outside.AsString(), ":")
		at := published{hostAddress(strings.Trim(host, "[]")), number}
		if number == "0" {
			continue
		}
		i := slices.IndexFunc(l.Items, func(x container.Summary) bool { return at.heldBy(x) })
		switch {
		case i < 0 && w.isBusy(at):
			return w.portInUse(c, at, "another program on the engine's machine")
		case i < 0:
		case l.Items[i].Labels[LabelLineage] == w.owner.Lineage && l.Items[i].Labels[LabelAddress] == c.Address.String():
		default:
			return w.portInUse(c, at, "the container "+displayName(l.Items[i].Names, l.Items[i].ID))
		}
	}
	return nil
}

// published is an address and port of the engine's machine.
type published struct {
	host netip.Addr
	port string
}

// heldBy reports whether the running container keeps it from being opened.
func (at published) heldBy(c container.Summary) bool {
	return slices.ContainsFunc(c.Ports, func(p container.PortSummary) bool {
		return strconv.Itoa(int(p.PublicPort)) == at.port &&
			(p.IP == at.host || !p.IP.IsValid() || p.IP.IsUnspecified() || at.host.IsUnspecified())
	})
}

// isBusy reports whether a program has the port, when the engine runs here and
// that can be seen.
func (w *writer) isBusy(at published) bool {
	if !strings.HasPrefix(w.api.DaemonHost(), "unix:") {
		return false
	}
	l, err := net.Listen("tcp", net.JoinHostPort(at.host.String(), at.port))
	if err == nil {
		l.Close()
	}
	return errors.Is(err, syscall.EADDRINUSE)
}

func (w *writer) portInUse(c resource.Change, at published, who string) error {
	d := diag.Errorf("port in use", "Port %s on %s is in use by %s.", at.port, at.host, who).Fix("%s", portRemedy(c, at.port))
	d.Address = c.Address.String()
	return d
}

// portRemedy names the setting that the port comes from.
func portRemedy(c resource.Change, port string) string {
	doc, _ := c.Desired.GetAttr("document").UnmarkDeep()
	for _, s := range []struct{ block, attribute string }{{"metrics", "port"}, {"listen", "tcp_port"}, {"listen", "port"}} {
		if v := document.Setting(doc, s.block, s.attribute); !v.IsNull() && strconv.Itoa(document.Int(v)) == port {
			return fmt.Sprintf("Set %s { %s = … } to another port, or stop what uses this one.", s.block, s.attribute)
		}
	}
	return "Choose another port, or stop what uses this one."
}
