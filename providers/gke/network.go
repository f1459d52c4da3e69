package gke

import (
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/protobuf/proto"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func seeFirewall(f *computepb.Firewall) *seen {
	var allow []string
	for _, a := range f.GetAllowed() {
		if len(a.GetPorts()) == 0 {
			allow = append(allow, a.GetIPProtocol())
		}
		for _, port := range a.GetPorts() {
			allow = append(allow, a.GetIPProtocol()+":"+port)
		}
	}
	return &seen{description: f.GetDescription(), values: object(FirewallType, map[string]cty.Value{
		"name": cty.StringVal(f.GetName()), "network": text(f.GetNetwork()), "sources": list(all(f.GetSourceRanges())),
		"allow": list(all(allow)), "targets": list(all(f.GetTargetTags())), "priority": cty.NumberIntVal(int64(f.GetPriority())),
	})}
}

// firewall is a rule as it is asked for. Ports of one protocol stand together.
func (c *client) firewall(v cty.Value, m mark) *computepb.Firewall {
	ports := map[string][]string{}
	var order []string
	for _, a := range listOf(v, "allow") {
		protocol, port, _ := strings.Cut(a, ":")
		if !slices.Contains(order, protocol) {
			order = append(order, protocol)
		}
		if port != "" {
			ports[protocol] = append(ports[protocol], port)
		}
	}
	var allowed []*computepb.Allowed
	for _, protocol := range order {
		allowed = append(allowed, &computepb.Allowed{IPProtocol: proto.String(protocol), Ports: ports[protocol]})
	}
	return &computepb.Firewall{
		Name: proto.String(textOf(v, "name")), Description: proto.String(m.description()), Network: proto.String(c.network(textOf(v, "network"))),
		Direction: proto.String("INGRESS"), Allowed: allowed, SourceRanges: listOf(v, "sources"), TargetTags: listOf(v, "targets"),
		Priority: proto.Int32(intOf(v, "priority")),
	}
}

// network is the path of a network, which Compute Engine asks for.
func (c *client) network(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return "projects/" + c.Project + "/global/networks/" + name
}

func (c *client) firewallThing() thing {
	return thing{
		noun: "firewall rule", remedy: "Give the firewall block another label, or delete the rule.",
		get: func(ctx context.Context, v cty.Value) (*seen, error) {
			f, err := c.firewalls.Get(ctx, &computepb.GetFirewallRequest{Project: c.Project, Firewall: textOf(v, "name")}, patient()...)
			return lookUp(f, err, seeFirewall)
		},
		list: func(ctx context.Context) ([]*seen, error) {
			return gather(c.firewalls.List(ctx, &computepb.ListFirewallsRequest{Project: c.Project, Filter: c.ours()}, patient()...).Next, seeFirewall)
		},
		insert: func(ctx context.Context, ch resource.Change, m mark, request string) (*compute.Operation, error) {
			return c.firewalls.Insert(ctx, &computepb.InsertFirewallRequest{
				Project: c.Project, FirewallResource: c.firewall(ch.Desired, m), RequestId: &request,
			}, patient()...)
		},
		patch: func(ctx context.Context, ch resource.Change, m mark, _ *seen, request string) (*compute.Operation, error) {
			return c.firewalls.Update(ctx, &computepb.UpdateFirewallRequest{
				Project: c.Project, Firewall: textOf(ch.Desired, "name"), FirewallResource: c.firewall(ch.Desired, m), RequestId: &request,
			}, patient()...)
		},
		remove: func(ctx context.Context, v cty.Value, request string) (*compute.Operation, error) {
			return c.firewalls.Delete(ctx, &computepb.DeleteFirewallRequest{Project: c.Project, Firewall: textOf(v, "name"), RequestId: &request}, patient()...)
		},
	}
}
