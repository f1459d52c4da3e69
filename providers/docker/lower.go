package docker

import (
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// Lower turns an instance into volumes and a container, and the network and image
// that the target's servers share.
func (p *Provider) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	s, err := settingsOf(in.Target)
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	img, err := p.images[s.arch]()
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	if d := in.OneCopy(); d != nil {
		return resource.Lowered{}, diag.List{d}
	}
	kept, l := dataOf(in)
	if l := slices.Concat(checkAddresses(in), checkMemory(in), l); l.HasErrors() {
		return resource.Lowered{}, l
	}
	shared := func(part string) address.Resource { return address.Resource{Target: in.Target.Address, Part: part} }
	own := func(part string) address.Resource {
		return address.Resource{Server: in.Address, Target: in.Target.Address, Part: part}
	}
	name := s.prefix + "-" + in.Target.Address.Name + "-" + in.Address.Slug()

	image := resource.Desired{Address: shared("image"), Type: ImageType, Values: object(imageType, map[string]cty.Value{
		"repository": cty.StringVal(s.prefix + "/" + repositoryName),
		"platform":   cty.StringVal("linux/" + s.arch),
		"digest":     cty.StringVal(img.Digest),
	})}
	volume := func(part, name string) resource.Desired {
		return resource.Desired{Address: own(part), Type: VolumeType, Values: object(volumeType, map[string]cty.Value{
			"name": cty.StringVal(name), "driver": cty.StringVal("local"),
		})}
	}
	volumes, mounts := []resource.Desired{volume("volume", name)}, map[string]string{configFolder: "volume " + name, runFolder: "tmpfs " + runOptions}
	for _, d := range kept {
		volumes = append(volumes, volume(d.part, name+dataSuffix+d.part))
		mounts[d.path] = "volume " + name + dataSuffix + d.part
	}
	network := resource.Desired{Address: shared("network"), Type: NetworkType, Values: object(networkType, map[string]cty.Value{
		"name": cty.StringVal(s.prefix + "-" + in.Target.Address.Name), "driver": cty.StringVal("bridge"),
	})}
	container := resource.Desired{
		Address: own("container"), Type: ContainerType, Files: in.Files,
		DependsOn: append([]address.Resource{image.Address}, in.DependsOn...),
	}
	for _, v := range volumes {
		container.DependsOn = append(container.DependsOn, v.Address)
	}
	joined := s.network
	resources := []resource.Desired{image}
	if joined == "" {
		joined = s.prefix + "-" + in.Target.Address.Name
		resources = append(resources, network)
		container.DependsOn = append(container.DependsOn, network.Address)
	}
	container.Values = containerValues(in, s, name, joined, img.Digest, mounts, container.Address)
	return resource.Lowered{Resources: append(append(resources, volumes...), container), Endpoint: container.Address}, nil
}

// containerValues are the attributes of the container that the configuration
// settles.
func containerValues(in resource.Instance, s settings, name, network, image string, mounts map[string]string, at address.Resource) cty.Value {
	doc := in.Document
	port := document.FixedPort(document.Setting(doc, "listen", "port"))
	metrics := document.FixedPort(document.Setting(doc, "metrics", "port"))
	endpoint := document.EndpointOf(doc, port, metrics, s.reach())
	shipped := withPorts(doc)
	return object(containerType(), map[string]cty.Value{
		"name":     cty.StringVal(name),
		"image":    cty.StringVal(image),
		"command":  texts(programPath, "run", "-document", documentPath, "-files", filesPath, "-control", controlPath, "-bind", "0.0.0.0"),
		"document": shipped,
		"files":    document.Files(in.Files),
		"network":  cty.StringVal(network),
		"ports":    publish(doc, shipped),
		"mounts":   textMap(mounts),
		"security": hardened,
		"health":   healthCheck,
		"labels":   textMap(map[string]string{LabelAddress: at.String(), LabelServer: in.Address.String()}),
		"memory": document.Derive(cty.Number, func(v []cty.Value) cty.Value {
			size, err := schemas.ParseSize(v[0].AsString())
			if err != nil {
				return cty.NullVal(cty.Number) // the vocabulary has refused it already
			}
			return cty.NumberIntVal(int64(size))
		}, document.Setting(doc, "limits", "memory")),
		"cpu": document.Derive(cty.Number, func(v []cty.Value) cty.Value {
			n, _ := v[0].AsBigFloat().Float64()
			return cores(int64(math.Round(n * 1e9)))
		}, document.Setting(doc, "limits", "cpu")),
		"processes":   document.Setting(doc, "limits", "processes"),
		"restart":     cty.StringVal("unless-stopped"),
		"running":     cty.True,
		"loaded":      cty.True,
		"url":         endpoint.URL,
		"address":     endpoint.Address,
		"port":        endpoint.Port,
		"metrics_url": endpoint.MetricsURL,
	})
}

// object fills in null for the attributes that are not given.
func object(t *resource.Type, given map[string]cty.Value) cty.Value {
	for _, a := range t.Attributes {
		if _, ok := given[a.Name]; !ok {
			given[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(given)
}

// withPorts is the document with ports for those that the engine is to pick
// (0): inside a container any free one will do.
func withPorts(doc cty.Value) cty.Value {
	listen, metrics := document.Setting(doc, "listen", "port"), document.Setting(doc, "metrics", "port")
	taken := []cty.Value{listen, metrics, document.Setting(doc, "listen", "tcp_port"), challengePort(doc)}
	pick := func(from int64) cty.Value {
		for ; ; from++ {
			port := cty.NumberIntVal(from)
			if !slices.ContainsFunc(taken, func(v cty.Value) bool { v, _ = v.Unmark(); return v.RawEquals(port) }) {
				taken = append(taken, port)
				return port
			}
		}
	}
	zero := func(v cty.Value) bool { v, _ = v.Unmark(); return v.RawEquals(cty.Zero) }
	if zero(listen) {
		doc = document.With(doc, "listen", "port", pick(8080))
	}
	if zero(metrics) {
		doc = document.With(doc, "metrics", "port", pick(9090))
	}
	return doc
}

// publish is where each port of the container is reached: host settings come
// from the document as it was written, container ports from the one shipped.
func publish(doc, shipped cty.Value) cty.Value {
	return document.Derive(cty.Map(cty.String), func(v []cty.Value) cty.Value {
		ports := map[string]string{}
		add := func(inside, address, outside cty.Value) {
			if !outside.IsNull() {
				ports[strconv.Itoa(document.Int(inside))+"/tcp"] = binding(address.AsString(), document.Int(outside))
			}
		}
		add(v[0], v[1], v[2])
		add(v[3], v[1], v[3])
		add(v[9], v[1], v[9])
		if v[4].True() {
			add(v[5], v[6], v[7])
			for _, at := range document.Addresses(v[8]) {
				ports[strconv.Itoa(int(at.Port()))+"/tcp"] = binding(at.Addr().String(), int(at.Port()))
			}
		}
		return textMap(ports)
	},
		document.Setting(shipped, "listen", "port"), document.Setting(doc, "listen", "address"), document.Setting(doc, "listen", "port"),
		document.Setting(doc, "listen", "tcp_port"),
		document.Setting(doc, "metrics", "enabled"),
		document.Setting(shipped, "metrics", "port"), document.Setting(doc, "metrics", "address"), document.Setting(doc, "metrics", "port"),
		document.Setting(doc, "metrics", "addresses"), challengePort(doc))
}

// challengePort is where the authority of the certificate looks for its challenge;
// null when that is the server's own port.
func challengePort(doc cty.Value) cty.Value {
	if !stands(doc, "tls", "acme") {
		return cty.NullVal(cty.Number)
	}
	return document.Derive(cty.Number, func(v []cty.Value) cty.Value {
		if v[0].AsString() != "http-01" {
			return cty.NullVal(cty.Number)
		}
		return v[1]
	}, document.Setting(doc, "tls", "acme", "challenge"), document.Setting(doc, "tls", "acme", "http_port"))
}

// binding writes an address in its shortest form, as it is read back.
func binding(host string, port int) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// checkAddresses refuses addresses that ports cannot be published on.
func checkAddresses(in resource.Instance) diag.List {
	var l diag.List
	for _, block := range []string{"listen", "metrics"} {
		v, _ := document.Setting(in.Document, block, "address").Unmark()
		if !v.IsKnown() {
			continue
		}
		if _, err := netip.ParseAddr(v.AsString()); err != nil {
			d := diag.Errorf("not an IP address", "The address %q of %s cannot be published on by Docker.", v.AsString(), block).
				Fix("Give an IP address, such as \"127.0.0.1\" or \"0.0.0.0\".")
			d.Address = in.Address.String()
			l = append(l, d)
		}
	}
	return append(l, checkFurther(in)...)
}

// checkFurther refuses further addresses of the metrics with a port of their own
// in common: in a container they would be one.
func checkFurther(in resource.Instance) diag.List {
	v, _ := document.Setting(in.Document, "metrics", "addresses").UnmarkDeep()
	if !v.IsWhollyKnown() {
		return nil
	}
	taken := map[uint16]bool{}
	for _, at := range document.Addresses(v) {
		if taken[at.Port()] {
			d := diag.Errorf("one port twice", "Two of metrics.addresses have the port %d, which is one in a container.", at.Port()).
				Fix("Give each a port of its own.")
			d.Address = in.Address.String()
			return diag.List{d}
		}
		taken[at.Port()] = true
	}
	return nil
}

// leastMemory is what an engine gives a container at least, in bytes.
const leastMemory = 6 << 20

// checkMemory refuses a limit that no engine takes.
func checkMemory(in resource.Instance) diag.List {
	v, _ := document.Setting(in.Document, "limits", "memory").Unmark()
	if !v.IsKnown() {
		return nil
	}
	size, err := schemas.ParseSize(v.AsString())
	if err != nil || size >= leastMemory {
		return nil // the vocabulary has refused what is no size
	}
	d := diag.Errorf("too little memory", "limits { memory = %q } is less than the %s that a container has at least.", v.AsString(), schemas.Size(leastMemory)).
		Fix("Give the server more; most need 32MB or more.")
	d.Address = in.Address.String()
	return diag.List{d}
}
