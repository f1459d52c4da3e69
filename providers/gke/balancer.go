package gke

import (
	"context"

	"cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/protobuf/proto"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// global stands for the region of an address that has none.
const global = "global"

func seeAddress(a *computepb.Address) *seen {
	region := global
	if a.GetRegion() != "" {
		region = lastPart(a.GetRegion())
	}
	return &seen{description: a.GetDescription(), values: object(AddressType, map[string]cty.Value{
		"name": cty.StringVal(a.GetName()), "region": cty.StringVal(region), "address": text(a.GetAddress()),
	})}
}

// addressThing are addresses of a region, and those of none.
func (c *client) addressThing() thing {
	isGlobal := func(v cty.Value) bool { return textOf(v, "region") == global }
	return thing{
		noun: "address", remedy: "Release it, or give the cluster or the server another name.",
		get: func(ctx context.Context, v cty.Value) (*seen, error) {
			var a *computepb.Address
			var err error
			if isGlobal(v) {
				a, err = c.globals.Get(ctx, &computepb.GetGlobalAddressRequest{Project: c.Project, Address: textOf(v, "name")}, patient()...)
			} else {
				a, err = c.addresses.Get(ctx, &computepb.GetAddressRequest{Project: c.Project, Region: textOf(v, "region"), Address: textOf(v, "name")}, patient()...)
			}
			return lookUp(a, err, seeAddress)
		},
		list: func(ctx context.Context) ([]*seen, error) {
			out, err := gather(c.globals.List(ctx, &computepb.ListGlobalAddressesRequest{Project: c.Project, Filter: c.ours()}, patient()...).Next, seeAddress)
			if err != nil {
				return nil, err
			}
			regional, err := gather(c.addresses.List(ctx, &computepb.ListAddressesRequest{Project: c.Project, Region: c.region(), Filter: c.ours()}, patient()...).Next, seeAddress)
			return append(out, regional...), err
		},
		insert: func(ctx context.Context, ch resource.Change, m mark, request string) (*compute.Operation, error) {
			a := &computepb.Address{
				Name: proto.String(textOf(ch.Desired, "name")), Description: proto.String(m.description()), AddressType: proto.String("EXTERNAL"), Labels: m.labels(),
			}
			if isGlobal(ch.Desired) {
				return c.globals.Insert(ctx, &computepb.InsertGlobalAddressRequest{Project: c.Project, AddressResource: a, RequestId: &request}, patient()...)
			}
			return c.addresses.Insert(ctx, &computepb.InsertAddressRequest{Project: c.Project, Region: textOf(ch.Desired, "region"), AddressResource: a, RequestId: &request}, patient()...)
		},
		remove: func(ctx context.Context, v cty.Value, request string) (*compute.Operation, error) {
			if isGlobal(v) {
				return c.globals.Delete(ctx, &computepb.DeleteGlobalAddressRequest{Project: c.Project, Address: textOf(v, "name"), RequestId: &request}, patient()...)
			}
			return c.addresses.Delete(ctx, &computepb.DeleteAddressRequest{Project: c.Project, Region: textOf(v, "region"), Address: textOf(v, "name"), RequestId: &request}, patient()...)
		},
	}
}

var tlsVersions = map[string]string{"1.0": "TLS_1_0", "1.1": "TLS_1_1", "1.2": "TLS_1_2"}

func seePolicy(p *computepb.SslPolicy) *seen {
	oldest := p.GetMinTlsVersion()
	for name, v := range tlsVersions {
		if v == p.GetMinTlsVersion() {
			oldest = name
		}
	}
	return &seen{description: p.GetDescription(), fingerprint: p.GetFingerprint(), values: object(PolicyType, map[string]cty.Value{
		"name": cty.StringVal(p.GetName()), "profile": text(p.GetProfile()), "min_tls": text(oldest),
	})}
}

func (c *client) policyThing() thing {
	policy := func(v cty.Value, m mark) *computepb.SslPolicy {
		return &computepb.SslPolicy{
			Name: proto.String(textOf(v, "name")), Description: proto.String(m.description()),
			Profile: proto.String(textOf(v, "profile")), MinTlsVersion: proto.String(tlsVersions[textOf(v, "min_tls")]),
		}
	}
	return thing{
		noun: "TLS policy", remedy: "Delete it, or give the cluster or the server another name.",
		get: func(ctx context.Context, v cty.Value) (*seen, error) {
			p, err := c.policies.Get(ctx, &computepb.GetSslPolicyRequest{Project: c.Project, SslPolicy: textOf(v, "name")}, patient()...)
			return lookUp(p, err, seePolicy)
		},
		list: func(ctx context.Context) ([]*seen, error) {
			return gather(c.policies.List(ctx, &computepb.ListSslPoliciesRequest{Project: c.Project, Filter: c.ours()}, patient()...).Next, seePolicy)
		},
		insert: func(ctx context.Context, ch resource.Change, m mark, request string) (*compute.Operation, error) {
			return c.policies.Insert(ctx, &computepb.InsertSslPolicyRequest{Project: c.Project, SslPolicyResource: policy(ch.Desired, m), RequestId: &request}, patient()...)
		},
		patch: func(ctx context.Context, ch resource.Change, m mark, s *seen, request string) (*compute.Operation, error) {
			p := policy(ch.Desired, m)
			p.Fingerprint = &s.fingerprint
			return c.policies.Patch(ctx, &computepb.PatchSslPolicyRequest{
				Project: c.Project, SslPolicy: p.GetName(), SslPolicyResource: p, RequestId: &request,
			}, patient()...)
		},
		remove: func(ctx context.Context, v cty.Value, request string) (*compute.Operation, error) {
			return c.policies.Delete(ctx, &computepb.DeleteSslPolicyRequest{Project: c.Project, SslPolicy: textOf(v, "name"), RequestId: &request}, patient()...)
		},
	}
}

func seeCertificate(k *computepb.SslCertificate) *seen {
	return &seen{description: k.GetDescription(), values: object(CertificateType, map[string]cty.Value{
		"name": cty.StringVal(k.GetName()), "domains": list(all(k.GetManaged().GetDomains())), "status": text(k.GetManaged().GetStatus()),
	})}
}

func (c *client) certificateThing() thing {
	return thing{
		noun: "certificate", remedy: "Delete it, or give the cluster or the server another name.",
		get: func(ctx context.Context, v cty.Value) (*seen, error) {
			k, err := c.certificates.Get(ctx, &computepb.GetSslCertificateRequest{Project: c.Project, SslCertificate: textOf(v, "name")}, patient()...)
			return lookUp(k, err, seeCertificate)
		},
		list: func(ctx context.Context) ([]*seen, error) {
			return gather(c.certificates.List(ctx, &computepb.ListSslCertificatesRequest{Project: c.Project, Filter: c.ours()}, patient()...).Next, seeCertificate)
		},
		insert: func(ctx context.Context, ch resource.Change, m mark, request string) (*compute.Operation, error) {
			return c.certificates.Insert(ctx, &computepb.InsertSslCertificateRequest{
				Project: c.Project, RequestId: &request, SslCertificateResource: &computepb.SslCertificate{
					Name: proto.String(textOf(ch.Desired, "name")), Description: proto.String(m.description()), Type: proto.String("MANAGED"),
					Managed: &computepb.SslCertificateManagedSslCertificate{Domains: listOf(ch.Desired, "domains")},
				},
			}, patient()...)
		},
		remove: func(ctx context.Context, v cty.Value, request string) (*compute.Operation, error) {
			return c.certificates.Delete(ctx, &computepb.DeleteSslCertificateRequest{Project: c.Project, SslCertificate: textOf(v, "name"), RequestId: &request}, patient()...)
		},
	}
}
