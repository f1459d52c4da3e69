package kubernetes

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// template is what pods are made of. It passes the restricted pod security
// standard.
func (l *lowering) template(f facts) fields {
	annotations := map[string]string{}
	if f.pod.metrics != 0 && l.kube.PodMonitor == nil {
		annotations["prometheus.io/scrape"] = "true"
		annotations["prometheus.io/port"] = strconv.FormatInt(f.pod.metrics, 10)
		annotations["prometheus.io/path"] = f.metrics
	}
	maps.Copy(annotations, l.kube.PodAnnotations)
	spec := fields{
		"serviceAccountName":            l.name,
		"automountServiceAccountToken":  false,
		"enableServiceLinks":            false,
		"terminationGracePeriodSeconds": int64((lameDuck + l.drain(f) + 5*time.Second) / time.Second),
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

// drain is how long calls in progress may take before a pod ends.
func (l *lowering) drain(f facts) time.Duration {
	if d := l.in.Rollout.DrainTimeout; d > 0 {
		return min(d, f.drain)
	}
	return f.drain
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
	if l.data != nil {
		mounts = append(mounts, fields{"name": dataVolume, "mountPath": l.data.Path})
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
		"startupProbe":   l.probe(f.health, "health", 1, 120),
		"readinessProbe": l.probe(f.health, "health", 5, 2),
		"livenessProbe":  l.probe(strings.TrimSuffix(f.health, "/")+"/live", "ping", 10, 6),
		"lifecycle":      fields{"preStop": fields{"sleep": fields{"seconds": int64(lameDuck / time.Second)}}},
		"volumeMounts":   mounts,
	}
}

func cores(milli int64) string { return resource.NewMilliQuantity(milli, resource.DecimalSI).String() }

// probe asks over HTTP, and puts the question over the control socket where a
// request from the node would be refused: it has no client certificate, and does
// not name one of the hosts.
func (l *lowering) probe(path, question string, period, failures int64) fields {
	out := fields{"periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": int64(5)}
	if l.has("listen", "hosts") || l.has("tls", "client_ca") || l.has("tls", "client_ca_file") || l.has("tls", "client_auth") {
		out["exec"] = fields{"command": texts(image.Program, question, "-control", controlPath)}
		return out
	}
	out["httpGet"] = fields{"path": path, "port": "mcp", "scheme": strings.ToUpper(l.scheme())}
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
