package gke

import (
	"cmp"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Annotations by which GKE makes the load balancer of a Service with a reserved
// address.
const (
	annotationBackend   = "cloud.google.com/l4-rbs"
	annotationAddresses = "networking.gke.io/load-balancer-ip-addresses"
)

// entrance is how clients outside of the cluster reach a server.
type entrance struct {
	settings
	in  resource.Instance
	gke schemas.GKE
}

// entranceOf reads the block gke of a server. It decides which objects there are, so
// it must be known.
func (s settings) entranceOf(in resource.Instance) (entrance, error) {
	e := entrance{settings: s, in: in}
	if in.Placement == cty.NilVal {
		return e, nil
	}
	v := in.Placement.GetAttr("gke")
	bad := func(what, remedy string) (entrance, error) {
		d := diag.Errorf("bad placement", "The block gke of %s %s.", in.Address, what).Fix("%s", remedy)
		d.Address = in.Address.String()
		return e, d
	}
	switch {
	case v.IsNull():
		return e, nil
	case !v.IsWhollyKnown():
		return bad("depends on something that is only known after apply", "Use variables and locals that do not depend on servers.")
	case v.ContainsMarked():
		return bad("holds something sensitive, and it stands openly at Google", "Use nonsensitive(…) when it is no secret.")
	}
	block, err := schemas.Decode[schemas.GKE](v)
	if err != nil {
		return e, err
	}
	if block.SSLPolicy != nil && len(block.Domains) == 0 {
		return bad("has an ssl_policy, and no domains", "TLS policies are for the HTTPS load balancer of domains; leave it out, or name them.")
	}
	e.gke = block
	return e, nil
}

// part is the address of what leads to the server.
func (e entrance) part(name string) address.Resource {
	return address.Resource{Server: e.in.Address, Target: e.in.Target.Address, Part: name}
}

// name is that of the server's objects outside of the cluster.
func (e entrance) name() string { return objectName(e.Name, e.in.Address.Slug()) }

// resources are the reserved address, and the certificate and TLS policy.
func (e entrance) resources() []resource.Desired {
	named := func(part, typ string, values map[string]cty.Value) resource.Desired {
		values["name"] = cty.StringVal(e.name())
		return resource.Desired{Address: e.part(part), Type: typ, Values: object(typ, values)}
	}
	if len(e.gke.Domains) == 0 {
		if !e.gke.StaticAddress {
			return nil
		}
		return []resource.Desired{named("address", AddressType, map[string]cty.Value{"region": cty.StringVal(e.region())})}
	}
	policy := schemas.GKESSLPolicy{}
	if e.gke.SSLPolicy != nil {
		policy = *e.gke.SSLPolicy
	}
	return []resource.Desired{
		named("address", AddressType, map[string]cty.Value{"region": cty.StringVal(global)}),
		named("certificate", CertificateType, map[string]cty.Value{"domains": list(e.gke.Domains)}),
		named("ssl-policy", PolicyType, map[string]cty.Value{
			"profile": cty.StringVal(cmp.Or(policy.Profile, "MODERN")), "min_tls": cty.StringVal(cmp.Or(policy.MinTLS, "1.2")),
		}),
	}
}

// placement is the server's, with what its Service needs for the entrance.
func (e entrance) placement(v cty.Value) cty.Value {
	if !e.gke.StaticAddress {
		return v
	}
	return withService(v, "LoadBalancer", map[string]string{annotationBackend: "enabled", annotationAddresses: e.name()})
}

// withService is a placement whose Service is of a type, where nothing else is said,
// and bears annotations.
func withService(placement cty.Value, typ string, annotations map[string]string) cty.Value {
	block := schemas.Describe[schemas.Kubernetes]()
	outer := placement.AsValueMap()
	inner := map[string]cty.Value{}
	for name, t := range block.Type().AttributeTypes() {
		inner[name] = cty.NullVal(t)
	}
	if v := outer["kubernetes"]; !v.IsNull() && v.IsKnown() {
		inner = v.AsValueMap()
	}
	if inner["service_type"].IsNull() {
		inner["service_type"] = cty.StringVal(typ)
	}
	all := map[string]cty.Value{}
	for k, a := range annotations {
		all[k] = cty.StringVal(a)
	}
	if v := inner["service_annotations"]; !v.IsNull() {
		maps.Copy(all, v.AsValueMap())
	}
	inner["service_annotations"] = cty.MapVal(all)
	outer["kubernetes"] = cty.ObjectVal(inner)
	return cty.ObjectVal(outer)
}
