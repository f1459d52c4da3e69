package kubernetes

import (
	"regexp"
	"strings"
	"sync"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// attributesThatFollow are those of objects that are the same for all of a target,
// or of each that is well.
var attributesThatFollow = resource.Below("namespace", "beside", "loaded")

// fieldsThatFollow are the fields of manifests that every server has so, or that
// are said elsewhere: what erlmcp marks and selects by, hardens, probes and mounts.
var fieldsThatFollow = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^manifest\.(?:` + strings.Join([]string{
		`metadata\.(?:labels|annotations)\["(?:app\.kubernetes\.io|erlmcp\.dev)/`,
		`automountServiceAccountToken$`,
		`spec\.(?:selector|podSelector|policyTypes|scaleTargetRef|revisionHistoryLimit|serviceName|podManagementPolicy|updateStrategy)\b`,
		`spec\.volumeClaimTemplates\[\d+\]\.(?:apiVersion|kind|metadata|spec\.accessModes|spec\.volumeMode)\b`,
		`spec\.metrics\[\d+\]\.(?:type|resource\.target\.type)$`,
		`spec\.strategy\.type$`,
		`spec\.(?:ingress\[\d+\]\.)?ports\[\d+\]\.(?:protocol|targetPort|name)$`,
		`spec\.sessionAffinityConfig\b`,
		`spec\.parentRefs\[\d+\]\.(?:group|kind)$`,
		`spec\.rules\[\d+\]\.(?:matches|backendRefs|http)\b`,
		`spec\.podMetricsEndpoints\[\d+\]\.(?:port|path)$`,
		`spec\.template\.metadata\.labels\["(?:app\.kubernetes\.io|erlmcp\.dev)/`,
		`spec\.template\.metadata\.annotations\["(?:prometheus\.io|erlmcp\.dev)/`,
		`spec\.template\.spec\.(?:automountServiceAccountToken|enableServiceLinks|securityContext|serviceAccountName|terminationGracePeriodSeconds|volumes)\b`,
		`spec\.template\.spec\.topologySpreadConstraints\[\d+\]\.(?:labelSelector|maxSkew|whenUnsatisfiable)\b`,
		`spec\.template\.spec\.containers\[\d+\]\.(?:args|command|lifecycle|livenessProbe|readinessProbe|startupProbe|name|ports|securityContext|volumeMounts|resources\.limits)\b`,
	}, "|") + `)`)
})

// follows reports whether what a new object has at a place follows from the rest.
func follows(path string) bool {
	return attributesThatFollow(path) || fieldsThatFollow().MatchString(path)
}
