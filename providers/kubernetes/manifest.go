package kubernetes

import (
	"fmt"
	"maps"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// Where the pods have things.
const (
	documentFolder = image.ConfigFolder + "/document"
	documentPath   = documentFolder + "/" + schemas.DocumentName
	filesFolder    = image.ConfigFolder + "/" + schemas.FilesFolder
	controlPath    = image.RunFolder + "/control.sock"
)

// lameDuck is how long a pod that is to stop goes on answering as before, while
// the cluster takes it out of the Service.
const lameDuck = 3 * time.Second

// metadata is what every object of the server bears.
func (l *lowering) metadata(annotations map[string]string) fields {
	out := fields{"labels": fields{
		labelName:                      l.name,
		"app.kubernetes.io/managed-by": Manager,
		LabelServer:                    l.name,
	}}
	if len(annotations) > 0 {
		out["annotations"] = textMap(annotations)
	}
	return out
}

// selector picks the server's pods. It can never change.
func (l *lowering) selector() fields { return fields{"matchLabels": fields{LabelServer: l.name}} }

func namespaceManifest() fields {
	return fields{"metadata": fields{"labels": fields{
		"app.kubernetes.io/managed-by":       Manager,
		"pod-security.kubernetes.io/enforce": "restricted",
	}}}
}

func (l *lowering) accountManifest() cty.Value {
	return valueOf(fields{"metadata": l.metadata(l.kube.AccountAnnotations), "automountServiceAccountToken": false})
}

// networkManifest lets clients reach the ports that the server opens, and no
// other. Where the server itself connects to is its tools' matter.
func (l *lowering) networkManifest() cty.Value {
	return l.manifest(func(f facts) fields {
		var open []any
		for _, port := range []int64{f.pod.front, f.pod.raw, f.pod.metrics} {
			if port != 0 {
				open = append(open, fields{"port": port, "protocol": "TCP"})
			}
		}
		return fields{"metadata": l.metadata(nil), "spec": fields{
			"podSelector": fields{"matchLabels": fields{labelName: l.name}}, // also those of a change
			"policyTypes": texts("Ingress"),
			"ingress":     []any{fields{"ports": open}},
		}}
	})
}

func (l *lowering) serviceManifest() cty.Value {
	return l.manifest(func(f facts) fields {
		typ := l.kube.ServiceType
		if typ == "" {
			typ = "ClusterIP"
		}
		port := func(name string, outside int64) fields {
			return fields{"name": name, "port": outside, "targetPort": name, "protocol": "TCP"}
		}
		open := []any{port("mcp", f.service.front)}
		if f.service.raw != 0 {
			open = append(open, port("raw", f.service.raw))
		}
		if f.service.metrics != 0 && typ == "ClusterIP" { // nobody outside of the cluster
			open = append(open, port("metrics", f.service.metrics))
		}
		spec := fields{"type": typ, "selector": fields{LabelServer: l.name}, "ports": open}
		if l.scale.most() > 1 && (l.kube.Sticky == nil || *l.kube.Sticky) {
			// Sessions of the older protocol era live in one pod.
			seconds := min(max(1, int64(f.session/time.Second)), 86400)
			spec["sessionAffinity"] = "ClientIP"
			spec["sessionAffinityConfig"] = fields{"clientIP": fields{"timeoutSeconds": seconds}}
		}
		return fields{"metadata": l.metadata(l.serviceAnnotations(f)), "spec": spec}
	})
}

func (l *lowering) serviceAnnotations(f facts) map[string]string {
	out := map[string]string{AnnotationScheme: l.scheme(), AnnotationPath: f.path}
	if f.service.metrics != 0 {
		out[AnnotationMetrics] = f.metrics
	}
	maps.Copy(out, l.kube.ServiceAnnotations)
	return out
}

// scheme is that of the server's URLs.
func (l *lowering) scheme() string {
	if l.has("tls") {
		return "https"
	}
	return "http"
}

func (l *lowering) autoscalerManifest() cty.Value {
	var metrics []any
	for _, m := range []struct {
		name   string
		target int64
	}{{"cpu", l.scale.cpu}, {"memory", l.scale.memory}} {
		if m.target > 0 {
			metrics = append(metrics, fields{"type": "Resource", "resource": fields{
				"name": m.name, "target": fields{"type": "Utilization", "averageUtilization": m.target},
			}})
		}
	}
	metrics = append(metrics, l.scale.custom...)
	_, typ := l.workload()
	return valueOf(fields{"metadata": l.metadata(nil), "spec": fields{
		"scaleTargetRef": fields{"apiVersion": "apps/v1", "kind": kinds[typ].name, "name": l.name},
		"minReplicas":    l.scale.min, "maxReplicas": l.scale.max, "metrics": metrics,
	}})
}

func (l *lowering) disruptionManifest() cty.Value {
	return valueOf(fields{"metadata": l.metadata(nil), "spec": fields{
		"maxUnavailable": int64(1), "selector": l.selector(),
	}})
}

// deploymentManifest leaves replicas out where an autoscaler decides.
func (l *lowering) deploymentManifest() cty.Value {
	return l.manifest(func(f facts) fields {
		spec := l.workloadSpec(f)
		spec["strategy"] = l.strategy()
		annotations := map[string]string{}
		if l.kube.Gateway != nil {
			annotations[annotationRoute] = l.name
		}
		return fields{"metadata": l.metadata(annotations), "spec": spec}
	})
}

// workloadSpec is what Deployments and StatefulSets have in common.
func (l *lowering) workloadSpec(f facts) fields {
	spec := fields{"selector": l.selector(), "revisionHistoryLimit": int64(3), "template": l.template(f)}
	if !l.scale.auto() {
		spec["replicas"] = l.scale.fixed
	}
	return spec
}

// strategy is how the Deployment replaces pods.
func (l *lowering) strategy() fields {
	r := l.in.Rollout
	if r.Strategy == resource.Recreate {
		return fields{"type": "Recreate"}
	}
	return fields{"type": "RollingUpdate", "rollingUpdate": fields{
		"maxUnavailable": bound(r.MaxUnavailable, 0), "maxSurge": bound(r.MaxSurge, 1),
	}}
}

// documentName and filesName are the names of the Secret with the document and of
// the ConfigMaps with the files of the server whose objects bear a name.
func documentName(name string) string         { return name + "-document" }
func filesName(name string, chunk int) string { return fmt.Sprintf("%s-files-%d", name, chunk) }

// fileKey is the key of a file in its ConfigMap; paths cannot be keys.
func fileKey(n int) string { return fmt.Sprintf("file-%d", n) }
