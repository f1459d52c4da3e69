package gke

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
	"github.com/erlmcp/erlmcp/schemas"
)

// Annotations by which GKE makes the load balancer of a Service with a reserved
// address, and that of an Ingress.
const (
	annotationPassthrough = "cloud.google.com/l4-rbs"
	annotationAddresses   = "networking.gke.io/load-balancer-ip-addresses"

	annotationClass       = "kubernetes.io/ingress.class"
	annotationAddress     = "kubernetes.io/ingress.global-static-ip-name"
	annotationCertificate = "ingress.gcp.kubernetes.io/pre-shared-cert"
	annotationFrontend    = "networking.gke.io/v1beta1.FrontendConfig"
	annotationBackend     = "cloud.google.com/backend-config"
	annotationGroups      = "cloud.google.com/neg"
)

// streamLimit is the longest answer, in seconds: streams last as long as clients
// listen.
const streamLimit = 86400

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
	if block.SSLPolicy != nil && block.Domain == "" {
		return bad("has an ssl_policy, and no domain", "TLS policies are for the HTTPS load balancer of a domain; leave it out, or name one.")
	}
	inside := in.Placement.GetAttr("kubernetes")
	for _, way := range []string{"ingress", "gateway"} {
		if block.Domain != "" && inside.IsKnown() && !inside.IsNull() && !inside.GetAttr(way).IsNull() {
			return bad("has a domain, and its block kubernetes has "+way, "Leave one of them out: each leads to the server.")
		}
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
	if e.gke.Domain == "" {
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
		named("certificate", CertificateType, map[string]cty.Value{"domains": list([]string{e.gke.Domain})}),
		named("ssl-policy", PolicyType, map[string]cty.Value{
			"profile": cty.StringVal(cmp.Or(policy.Profile, "MODERN")), "min_tls": cty.StringVal(cmp.Or(policy.MinTLS, "1.2")),
		}),
	}
}

// placement is the server's, with what its Service and its Ingress need for the
// entrance.
func (e entrance) placement(v cty.Value) cty.Value {
	name := e.name()
	switch {
	case e.gke.StaticAddress:
		return inKubernetes(v, func(block map[string]cty.Value) {
			if block["service_type"].IsNull() {
				block["service_type"] = cty.StringVal("LoadBalancer")
			}
			annotate(block, "service_annotations", map[string]string{annotationPassthrough: "enabled", annotationAddresses: name})
		})
	case e.gke.Domain != "":
		return inKubernetes(v, func(block map[string]cty.Value) {
			// The objects that these name are named after the server, as the Service is.
			annotate(block, "service_annotations", map[string]string{annotationGroups: `{"ingress": true}`, annotationBackend: fmt.Sprintf(`{"default": %q}`, e.inside())})
			ingress := nulls(schemas.Describe[schemas.Ingress]())
			ingress["host"] = cty.StringVal(e.gke.Domain)
			annotate(ingress, "annotations", map[string]string{
				annotationClass: "gce", annotationAddress: name, annotationCertificate: name, annotationFrontend: e.inside(),
				kubernetes.AnnotationScheme: "https",
			})
			block["ingress"] = cty.ObjectVal(ingress)
		})
	}
	return v
}

// inside is the name of the server's objects in the cluster.
func (e entrance) inside() string { return kubernetes.ObjectName(e.Prefix, e.in.Address) }

// configs say how the load balancer of an Ingress speaks to clients and to pods.
func (e entrance) configs(service resource.Desired) []resource.Desired {
	if e.gke.Domain == "" {
		return nil
	}
	frontend := map[string]any{"sslPolicy": e.name(), "redirectToHttps": map[string]any{"enabled": true}}
	backend := map[string]any{
		"timeoutSec":         int64(streamLimit),
		"connectionDraining": map[string]any{"drainingTimeoutSec": int64(60)},
		"sessionAffinity":    map[string]any{"affinityType": "CLIENT_IP"}, // sessions of the older protocol era live in one pod
	}
	if path := document.Setting(e.in.Document, "health", "path"); path.IsKnown() && !path.IsNull() && !path.IsMarked() {
		backend["healthCheck"] = map[string]any{"type": "HTTP", "requestPath": path.AsString()}
	}
	return []resource.Desired{
		kubernetes.Beside(service, "frontend", kubernetes.FrontendType, frontend),
		kubernetes.Beside(service, "backend", kubernetes.BackendType, backend),
	}
}

// inKubernetes is a placement with another block kubernetes.
func inKubernetes(placement cty.Value, change func(block map[string]cty.Value)) cty.Value {
	outer := placement.AsValueMap()
	inner := nulls(schemas.Describe[schemas.Kubernetes]())
	if v := outer["kubernetes"]; v.IsKnown() && !v.IsNull() {
		inner = v.AsValueMap()
	}
	change(inner)
	outer["kubernetes"] = cty.ObjectVal(inner)
	return cty.ObjectVal(outer)
}

// nulls are the attributes of a block of which nothing is written.
func nulls(b *schemas.Block) map[string]cty.Value {
	out := map[string]cty.Value{}
	for name, t := range b.Type().AttributeTypes() {
		out[name] = cty.NullVal(t)
	}
	return out
}

// annotate adds to the annotations in a block; what is written there already counts.
func annotate(block map[string]cty.Value, name string, annotations map[string]string) {
	all := map[string]cty.Value{}
	for k, a := range annotations {
		all[k] = cty.StringVal(a)
	}
	if v := block[name]; !v.IsNull() {
		maps.Copy(all, v.AsValueMap())
	}
	block[name] = cty.MapVal(all)
}
