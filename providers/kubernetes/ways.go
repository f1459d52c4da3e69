package kubernetes

import (
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/providers/document"
)

// annotationRoute stands on a workload that is reached by an HTTPRoute: its name.
const annotationRoute = "erlmcp.dev/route"

// way is the HTTPRoute or the Ingress by which a server is reached from outside of
// the cluster. It reports false when there is none.
func (l *lowering) way() (part, typ string, manifest cty.Value, ok bool) {
	switch {
	case l.kube.Gateway != nil:
		return "route", RouteType, l.routeManifest(), true
	case l.kube.Ingress != nil:
		return "ingress", IngressType, l.ingressManifest(), true
	}
	return "", "", cty.NilVal, false
}

// routeManifest leads all requests for the host names to the Service. What the
// cluster would fill in is written out: the lists of a route count as one value.
func (l *lowering) routeManifest() cty.Value {
	g := l.kube.Gateway
	parent := fields{"group": routeGroup, "kind": "Gateway", "name": g.Name}
	if g.Namespace != "" {
		parent["namespace"] = g.Namespace
	}
	if g.Listener != "" {
		parent["sectionName"] = g.Listener
	}
	scheme := g.Scheme
	if scheme == "" {
		scheme = "https"
	}
	return l.manifest(func(f facts) fields {
		return fields{
			"metadata": l.metadata(map[string]string{AnnotationScheme: scheme, AnnotationPath: f.path}),
			"spec": fields{
				"parentRefs": []any{parent},
				"hostnames":  texts(g.Hostnames...),
				"rules": []any{fields{
					"matches":     []any{fields{"path": fields{"type": "PathPrefix", "value": "/"}}},
					"backendRefs": []any{backend(l.name, f.service.front, 100)},
				}},
			},
		}
	})
}

// backend is a Service as a route has it.
func backend(service string, port int64, weight int) fields {
	return fields{"group": "", "kind": "Service", "name": service, "port": port, "weight": int64(weight)}
}

func (l *lowering) ingressManifest() cty.Value {
	in := l.kube.Ingress
	return l.manifest(func(f facts) fields {
		annotations := map[string]string{AnnotationScheme: "http", AnnotationPath: f.path}
		spec := fields{"rules": []any{fields{"host": in.Host, "http": fields{"paths": []any{fields{
			"path": "/", "pathType": "Prefix",
			"backend": fields{"service": fields{"name": l.name, "port": fields{"number": f.service.front}}},
		}}}}}}
		if in.Class != "" {
			spec["ingressClassName"] = in.Class
		}
		if in.TLSSecret != "" {
			annotations[AnnotationScheme] = "https"
			spec["tls"] = []any{fields{"hosts": texts(in.Host), "secretName": in.TLSSecret}}
		}
		for k, v := range in.Annotations {
			annotations[k] = v
		}
		return fields{"metadata": l.metadata(annotations), "spec": spec}
	})
}

// monitorManifest has the pods' metrics scraped.
func (l *lowering) monitorManifest() cty.Value {
	m := l.kube.PodMonitor
	return l.manifest(func(f facts) fields {
		endpoint := fields{"port": "metrics", "path": f.metrics}
		if m.Interval != 0 {
			endpoint["interval"] = time.Duration(m.Interval).String()
		}
		metadata := l.metadata(nil)
		for k, v := range m.Labels {
			inside(metadata, "labels")[k] = v
		}
		return fields{"metadata": metadata, "spec": fields{
			"selector":            fields{"matchLabels": fields{labelName: l.name}},
			"podMetricsEndpoints": []any{endpoint},
		}}
	})
}

// wayURL is where a route or an Ingress answers, as far as its manifest tells.
func wayURL(manifest fields) map[string]cty.Value {
	host := ""
	if names, ok := at(manifest, "spec", "hostnames").([]any); ok && len(names) > 0 {
		host, _ = names[0].(string)
	}
	for _, rule := range listAt(manifest, "spec", "rules") {
		if h := textAt(rule, "host"); h != "" {
			host = h
		}
	}
	out := map[string]cty.Value{"url": cty.NullVal(cty.String), "address": cty.NullVal(cty.String), "port": cty.NullVal(cty.Number)}
	if host == "" {
		return out
	}
	said := func(name string) string { return textAt(manifest, "metadata", "annotations", name) }
	port := 80
	if said(AnnotationScheme) == "https" {
		port = 443
	}
	out["url"] = cty.StringVal(said(AnnotationScheme) + "://" + host + said(AnnotationPath))
	out["address"] = cty.StringVal(host)
	out["port"], _ = cty.ParseNumberVal(strconv.Itoa(port))
	return out
}

// wayValues are those attributes of a route or an Ingress that follow from its
// manifest.
func wayValues(manifest cty.Value) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, name := range []string{"url", "address", "port"} {
		out[name] = document.Derive(typeOf(RouteType).Attribute(name).Type, func(v []cty.Value) cty.Value {
			return wayURL(jsonOf(v[0]).(fields))[name]
		}, manifest)
	}
	return out
}
