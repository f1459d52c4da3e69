package kubernetes

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// Lower turns an instance into the objects of a server, and the namespace and
// image that the target's servers share.
func (p *Provider) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	s, err := settingsOf(in.Target)
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	l := &lowering{settings: s, in: in, name: ObjectName(s.Prefix, in.Address)}
	if err := cmp.Or(l.place(), surgeOf(in)); err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	if l.data, err = l.storage(); err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	if l.stages, err = l.allowedStages(); err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	if l.chunks, err = chunk(in.Files); err != nil {
		d := diag.FromError(err)
		d[0].Address = in.Address.String()
		return resource.Lowered{}, d
	}
	l.document = shipped(in.Document)
	if err := cmp.Or(checkDocument(l.document, in.Address), p.sharedObjects(l)); err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	l.objects()
	if len(l.diags) > 0 {
		return resource.Lowered{}, l.diags
	}
	return resource.Lowered{Resources: l.out, Endpoint: l.endpoint, Checked: l.pods}, nil
}

// lowering is an instance on its way to resources.
type lowering struct {
	settings
	in       resource.Instance
	name     string // of its objects
	image    string // reference
	scale    scale
	kube     schemas.Kubernetes
	data     *schemas.Storage // nil when it keeps none
	stages   []resource.Stage
	chunks   [][]resource.File
	document cty.Value          // as it is shipped
	shared   []address.Resource // that everything else depends on
	pods     address.Resource   // the workload
	endpoint address.Resource
	out      []resource.Desired
	diags    diag.List
}

func (l *lowering) own(part string) address.Resource {
	return address.Resource{Server: l.in.Address, Target: l.in.Target.Address, Part: part}
}

func (l *lowering) add(d resource.Desired) address.Resource {
	d.DependsOn = append(d.DependsOn, l.shared...)
	l.out = append(l.out, d)
	return d.Address
}

// sharedObjects adds the namespace and the image, where the target has them.
func (p *Provider) sharedObjects(l *lowering) error {
	at := func(part string) address.Resource { return address.Resource{Target: l.in.Target.Address, Part: part} }
	var shared []address.Resource
	if l.CreateNamespace {
		shared = append(shared, l.add(resource.Desired{Address: at("namespace"), Type: NamespaceType, Values: object(typeOf(NamespaceType), map[string]cty.Value{
			"name":     cty.StringVal(l.Namespace),
			"manifest": valueOf(namespaceManifest()),
		})}))
	}
	l.image = l.Image
	if l.Registry != "" {
		built, err := p.images[l.Arch]()
		if err != nil {
			return err
		}
		if l.image, err = built.Reference(l.Registry); err != nil {
			return refuse(l.in.Target, "bad registry", "%q: %s.", l.Registry, err).
				Fix("Name a repository, such as europe-docker.pkg.dev/acme/tools/erlmcp.")
		}
		shared = append(shared, l.add(resource.Desired{Address: at("image"), Type: ImageType, Values: imageValues(l.image, l.Arch)}))
	}
	l.shared = shared
	return nil
}

// objects adds the objects of the server. The Service comes after the pods, so
// that who waits for the endpoint finds it answering; it goes before them.
func (l *lowering) objects() {
	account := l.add(l.object("account", AccountType, l.accountManifest(), nil))
	network := l.add(l.object("network", NetworkType, l.networkManifest(), nil))
	l.addWorkload([]address.Resource{account, network})
	if l.scale.auto() {
		l.after("autoscaler", AutoscalerType, l.autoscalerManifest(), nil, l.pods)
	}
	if l.scale.least() > 1 {
		l.after("disruption", DisruptionType, l.disruptionManifest(), nil, l.pods)
	}
	if l.kube.PodMonitor != nil {
		l.after("monitor", MonitorType, l.monitorManifest(), nil, l.pods)
	}
	manifest := l.serviceManifest()
	l.endpoint = l.after("service", ServiceType, manifest, l.serviceValues(manifest), l.pods)
	if part, typ, manifest, ok := l.way(); ok {
		l.endpoint = l.after(part, typ, manifest, wayValues(manifest), l.endpoint)
	}
}

// addWorkload adds the pods.
func (l *lowering) addWorkload(needs []address.Resource) {
	part, typ := l.workload()
	manifest := l.deploymentManifest
	if typ == StatefulSetType {
		manifest = l.statefulManifest
	}
	pods := l.object(part, typ, manifest(), map[string]cty.Value{
		"document": l.document,
		"files":    document.Files(l.in.Files),
		"loaded":   cty.True,
		"beside":   cty.False,
	})
	pods.Files, pods.Stages = l.in.Files, l.stages
	pods.DependsOn = append(needs, l.in.DependsOn...)
	l.pods = l.add(pods)
}

// after adds an object that comes after another.
func (l *lowering) after(part, typ string, manifest cty.Value, more map[string]cty.Value, other address.Resource) address.Resource {
	d := l.object(part, typ, manifest, more)
	d.DependsOn = []address.Resource{other}
	return l.add(d)
}

// object is a resource that is one object. The manifest may be unknown and bear
// marks.
func (l *lowering) object(part, typ string, manifest cty.Value, more map[string]cty.Value) resource.Desired {
	values := map[string]cty.Value{
		"name":      cty.StringVal(l.name),
		"namespace": cty.StringVal(l.Namespace),
		"manifest":  l.patched(kinds[typ].name, manifest),
	}
	for k, v := range more {
		values[k] = v
	}
	return resource.Desired{Address: l.own(part), Type: typ, Values: object(typeOf(typ), values)}
}

// patched applies the patch blocks of a kind.
func (l *lowering) patched(kind string, manifest cty.Value) cty.Value {
	for _, p := range l.kube.Patches {
		if p.Kind != kind {
			continue
		}
		manifest = document.Derive(cty.DynamicPseudoType, func(v []cty.Value) cty.Value {
			merged, err := mergePatch(jsonOf(v[0]).(fields), p.Merge)
			if err != nil {
				d := diag.Errorf("bad patch", "The patch of kind %s: %s.", kind, err).
					Fix("Write merge = { spec = { … } }, with what is to be merged into the object's metadata and spec.")
				d.Address = l.in.Address.String()
				l.diags = append(l.diags, d)
				return v[0]
			}
			return valueOf(merged)
		}, manifest)
	}
	return manifest
}

// serviceValues are where clients reach the Service, as far as that is settled
// before it is there: elsewhere the cluster picks an address or a port.
func (l *lowering) serviceValues(service cty.Value) map[string]cty.Value {
	if l.kube.ServiceType != "" && l.kube.ServiceType != "ClusterIP" {
		return nil
	}
	out := map[string]cty.Value{}
	for _, name := range endpointAttributes {
		out[name] = document.Derive(typeOf(ServiceType).Attribute(name).Type, func(v []cty.Value) cty.Value {
			return endpointOf(jsonOf(v[0]).(fields), clusterAddress(l.name, l.Namespace))[name]
		}, service)
	}
	return out
}

var (
	notInNames = regexp.MustCompile(`[^a-z0-9]+`)
	firstForm  = regexp.MustCompile(`^[a-z]`)
)

// nameLength leaves room for what is put after the name of a server's objects.
const nameLength = 50

// ObjectName is the name of a server's objects on a target with a prefix.
func ObjectName(prefix string, server address.Server) string {
	return objectName(prefix, server.Slug())
}

// objectName is a name that every kind of object takes (RFC 1035): as near to
// the slug as can be, and with a digest where that loses something.
func objectName(prefix, slug string) string {
	name := slug
	if prefix != "" {
		name = prefix + "-" + slug
	}
	clean := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if !firstForm.MatchString(clean) {
		clean = "mcp-" + clean
	}
	if clean == name && len(clean) <= nameLength {
		return clean
	}
	sum := sha256.Sum256([]byte(slug))
	digest := hex.EncodeToString(sum[:4])
	return fmt.Sprintf("%s-%s", strings.TrimRight(clean[:min(len(clean), nameLength-1-len(digest))], "-"), digest)
}
