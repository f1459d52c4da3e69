package kubernetes

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// dataVolume is the name of the volume in which a server keeps data.
const dataVolume = "data"

// storage is where the server keeps data: as its block says, or where its receipts
// are; nil when it keeps none.
func (l *lowering) storage() (*schemas.Storage, error) {
	s := l.kube.Storage
	if !l.has("receipts") {
		if s != nil && s.Path == "" {
			with := *s
			with.Path = "/data"
			return &with, nil
		}
		return s, nil
	}
	folder, _ := document.Setting(l.in.Document, "receipts", "folder").Unmark()
	if !folder.IsKnown() {
		d := diag.Errorf("bad placement", "receipts.folder of %s depends on something that is only known after apply, and its volume is to be there.", l.in.Address).
			Fix("Use variables and locals that do not depend on servers.")
		d.Address = l.in.Address.String()
		return nil, d
	}
	with := schemas.Storage{}
	if s != nil {
		with = *s
	}
	if with.Path == "" {
		with.Path = folder.AsString()
	}
	return &with, nil
}

// allowedStages refuses those that data does not allow: what stands beside a server
// cannot have its volumes.
func (l *lowering) allowedStages() ([]resource.Stage, error) {
	r := l.in.Rollout
	if l.data != nil && (r.Strategy == resource.Canary || r.Strategy == resource.BlueGreen || r.MaxSurge != "") {
		d := diag.Errorf("bad rollout", "%s keeps data, each pod in a volume of its own, and its rollout has pods stand beside those.", l.in.Address).
			Fix("Leave strategy and max_surge out: its pods are replaced one after another.")
		d.Address = l.in.Address.String()
		return nil, d
	}
	return r.Stages(len(l.in.Smokes) > 0), nil
}

// workload is the part and type of the server's pods.
func (l *lowering) workload() (part, typ string) {
	if l.data != nil {
		return "statefulset", StatefulSetType
	}
	return "deployment", DeploymentType
}

// statefulManifest is that of a server that keeps data.
func (l *lowering) statefulManifest() cty.Value {
	return l.manifest(func(f facts) fields {
		spec := l.workloadSpec(f)
		spec["serviceName"] = l.name
		spec["podManagementPolicy"] = "Parallel"
		spec["updateStrategy"] = fields{"type": "RollingUpdate"}
		whenDeleted := "Delete"
		if l.data.Keep {
			whenDeleted = "Retain"
		}
		spec["persistentVolumeClaimRetentionPolicy"] = fields{"whenDeleted": whenDeleted, "whenScaled": "Retain"}
		size := l.data.Size
		if size == "" {
			size = schemas.Describe[schemas.Storage]().Attribute("size").Default
		}
		claim := fields{
			"accessModes": texts("ReadWriteOnce"), "volumeMode": "Filesystem",
			"resources": fields{"requests": fields{"storage": size}},
		}
		if l.data.Class != "" {
			claim["storageClassName"] = l.data.Class
		}
		spec["volumeClaimTemplates"] = []any{fields{
			"apiVersion": "v1", "kind": "PersistentVolumeClaim",
			"metadata": fields{"name": dataVolume}, "spec": claim,
		}}
		return fields{"metadata": l.metadata(nil), "spec": spec}
	})
}

// stateless makes the manifest of a StatefulSet that of a Deployment, whose pods
// have an empty volume each.
func stateless(spec fields) {
	if spec["volumeClaimTemplates"] == nil {
		return
	}
	for _, name := range []string{"serviceName", "podManagementPolicy", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "volumeClaimTemplates"} {
		delete(spec, name)
	}
	pod := inside(inside(spec, "template"), "spec")
	volumes, _ := pod["volumes"].([]any)
	pod["volumes"] = append(volumes, fields{"name": dataVolume, "emptyDir": fields{}})
}
