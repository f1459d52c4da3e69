package kubernetes

import "testing"

func TestFollows(t *testing.T) {
	const container = "manifest.spec.template.spec.containers[0]."
	for path, want := range map[string]bool{
		"name":                             false,
		"namespace":                        true,
		"loaded":                           true,
		"document.tool.search.description": false,
		`manifest.metadata.labels["app.kubernetes.io/name"]`:                    true,
		`manifest.metadata.labels.team`:                                         false,
		`manifest.metadata.annotations["example.com/a"]`:                        false,
		`manifest.metadata.labels["pod-security.kubernetes.io/enforce"]`:        false,
		`manifest.spec.selector["erlmcp.dev/server"]`:                           true,
		"manifest.spec.replicas":                                                false,
		"manifest.spec.minReadySeconds":                                         false, // of a patch
		"manifest.spec.maxReplicas":                                             false,
		"manifest.spec.metrics[1].resource.target.averageUtilization":           false,
		"manifest.spec.metrics[1].resource.target.type":                         true,
		"manifest.spec.strategy.rollingUpdate.maxSurge":                         false,
		"manifest.spec.ports[0].port":                                           false,
		"manifest.spec.ports[0].targetPort":                                     true,
		"manifest.spec.hostnames[0]":                                            false,
		"manifest.spec.parentRefs[0].name":                                      false,
		"manifest.spec.rules[0].host":                                           false,
		"manifest.spec.rules[0].http.paths[0].path":                             true,
		"manifest.spec.volumeClaimTemplates[0].spec.resources.requests.storage": false,
		"manifest.spec.volumeClaimTemplates[0].spec.accessModes[0]":             true,
		`manifest.spec.template.metadata.annotations["prometheus.io/port"]`:     true,
		`manifest.spec.template.metadata.annotations["example.com/a"]`:          false,
		"manifest.spec.template.spec.nodeSelector.disk":                         false,
		"manifest.spec.template.spec.securityContext.runAsUser":                 true,
		"manifest.spec.template.spec.tolerations[0].key":                        false,
		container + "image":                                                     false,
		container + "resources.requests.memory":                                 false,
		container + "livenessProbe.httpGet.path":                                true,
		container + "volumeMounts[0].name":                                      true,
	} {
		if got := follows(path); got != want {
			t.Errorf("follows(%s) = %v", path, got)
		}
	}
}
