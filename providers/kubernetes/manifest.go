package kubernetes

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/api/resource"

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
		"app.kubernetes.io/name":       l.name,
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
			"podSelector": l.selector(),
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
		if l.scale.most() > 1 {
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
	return valueOf(fields{"metadata": l.metadata(nil), "spec": fields{
		"scaleTargetRef": fields{"apiVersion": "apps/v1", "kind": "Deployment", "name": l.name},
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
		spec := fields{
			"selector":             l.selector(),
			"revisionHistoryLimit": int64(3),
			"strategy": fields{"type": "RollingUpdate", "rollingUpdate": fields{
				"maxUnavailable": int64(0), "maxSurge": int64(1),
			}},
			"template": l.template(f),
		}
		if !l.scale.auto() {
			spec["replicas"] = l.scale.fixed
		}
		return fields{"metadata": l.metadata(nil), "spec": spec}
	})
}

func (l *lowering) template(f facts) fields {
	annotations := map[string]string{}
	if f.pod.metrics != 0 {
		annotations["prometheus.io/scrape"] = "true"
		annotations["prometheus.io/port"] = strconv.FormatInt(f.pod.metrics, 10)
		annotations["prometheus.io/path"] = f.metrics
	}
	maps.Copy(annotations, l.kube.PodAnnotations)
	spec := fields{
		"serviceAccountName":            l.name,
		"automountServiceAccountToken":  false,
		"enableServiceLinks":            false,
		"terminationGracePeriodSeconds": int64((lameDuck + f.drain + 5*time.Second) / time.Second),
		"securityContext": fields{
			"runAsNonRoot": true, "runAsUser": int64(image.UserID), "runAsGroup": int64(image.UserID), "fsGroup": int64(image.UserID),
			"seccompProfile": fields{"type": "RuntimeDefault"},
		},
		"containers": []any{l.container(f)},
		"volumes":    l.volumes(),
	}
	l.scheduling(spec)
	return fields{"metadata": l.metadata(annotations), "spec": spec}
}

// scheduling says where pods may run.
func (l *lowering) scheduling(spec fields) {
	if len(l.kube.NodeSelector) > 0 {
		spec["nodeSelector"] = textMap(l.kube.NodeSelector)
	}
	if l.kube.PriorityClass != "" {
		spec["priorityClassName"] = l.kube.PriorityClass
	}
	var pull, tolerated, spread []any
	for _, name := range l.kube.ImagePullSecrets {
		pull = append(pull, fields{"name": name})
	}
	for _, t := range l.kube.Tolerations {
		tolerated = append(tolerated, toleration(t))
	}
	over := l.kube.Spread
	if over == nil && l.scale.most() > 1 {
		over = []string{"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
	}
	for _, key := range over {
		spread = append(spread, fields{
			"topologyKey": key, "maxSkew": int64(1), "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": l.selector(),
		})
	}
	for name, list := range map[string][]any{"imagePullSecrets": pull, "tolerations": tolerated, "topologySpreadConstraints": spread} {
		if len(list) > 0 {
			spec[name] = list
		}
	}
}

func toleration(t *schemas.Toleration) fields {
	out := fields{"operator": "Equal"}
	for name, v := range map[string]string{"key": t.Key, "operator": t.Operator, "value": t.Value, "effect": t.Effect} {
		if v != "" {
			out[name] = v
		}
	}
	if t.Seconds != nil {
		out["tolerationSeconds"] = int64(*t.Seconds)
	}
	return out
}

// container asks for all of its memory, which cannot be taken back, and for a
// quarter of its processor time, which is shared.
func (l *lowering) container(f facts) fields {
	memory := resource.NewQuantity(f.memory, resource.BinarySI).String()
	port := func(name string, number int64) fields {
		return fields{"name": name, "containerPort": number, "protocol": "TCP"}
	}
	open := []any{port("mcp", f.pod.front)}
	if f.pod.raw != 0 {
		open = append(open, port("raw", f.pod.raw))
	}
	if f.pod.metrics != 0 {
		open = append(open, port("metrics", f.pod.metrics))
	}
	mounts := []any{
		fields{"name": "document", "mountPath": documentFolder, "readOnly": true},
		fields{"name": "run", "mountPath": image.RunFolder},
	}
	if len(l.chunks) > 0 {
		mounts = append(mounts, fields{"name": "files", "mountPath": filesFolder, "readOnly": true})
	}
	return fields{
		"name":    Manager,
		"image":   l.image,
		"command": texts(image.Program),
		"args":    texts("run", "-document", documentPath, "-files", filesFolder, "-control", controlPath),
		"ports":   open,
		"resources": fields{
			"requests": fields{"cpu": cores(max(1, f.cpu/4)), "memory": memory},
			"limits":   fields{"cpu": cores(f.cpu), "memory": memory},
		},
		"securityContext": fields{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"capabilities": fields{"drop": texts("ALL")},
		},
		"startupProbe":   l.probe(f, 1, 120),
		"readinessProbe": l.probe(f, 5, 2),
		"livenessProbe":  l.probe(f, 10, 6),
		"lifecycle":      fields{"preStop": fields{"sleep": fields{"seconds": int64(lameDuck / time.Second)}}},
		"volumeMounts":   mounts,
	}
}

func cores(milli int64) string { return resource.NewMilliQuantity(milli, resource.DecimalSI).String() }

// probe asks for health over HTTP, and over the control socket where a request
// from the node would be refused: it has no client certificate, and does not name
// one of the hosts.
func (l *lowering) probe(f facts, period, failures int64) fields {
	out := fields{"periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": int64(5)}
	if l.has("listen", "hosts") || l.has("tls", "client_ca") || l.has("tls", "client_ca_file") || l.has("tls", "client_auth") {
		out["exec"] = fields{"command": texts(image.Program, "health", "-control", controlPath)}
		return out
	}
	out["httpGet"] = fields{"path": f.health, "port": "mcp", "scheme": strings.ToUpper(l.scheme())}
	return out
}

func (l *lowering) volumes() []any {
	out := []any{
		fields{"name": "document", "secret": fields{"secretName": documentName(l.name), "defaultMode": int64(0o440)}},
		fields{"name": "run", "emptyDir": fields{"medium": "Memory", "sizeLimit": "1Mi"}},
	}
	if len(l.chunks) == 0 {
		return out
	}
	var sources []any
	for i, files := range l.chunks {
		var items []any
		for j, file := range files {
			items = append(items, fields{"key": fileKey(j), "path": file.Path})
		}
		sources = append(sources, fields{"configMap": fields{"name": filesName(l.name, i), "items": items}})
	}
	return append(out, fields{"name": "files", "projected": fields{"defaultMode": int64(0o440), "sources": sources}})
}

// documentName and filesName are the names of the Secret with the document and of
// the ConfigMaps with the files of the server whose objects bear a name.
func documentName(name string) string         { return name + "-document" }
func filesName(name string, chunk int) string { return fmt.Sprintf("%s-files-%d", name, chunk) }

// fileKey is the key of a file in its ConfigMap; paths cannot be keys.
func fileKey(n int) string { return fmt.Sprintf("file-%d", n) }
