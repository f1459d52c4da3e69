package kubernetes

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// settings is the body of a target block, with its defaults.
type settings struct{ schemas.KubernetesTarget }

var (
	nameForm   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`) })
	prefixForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][-a-z0-9]{0,19}$`) })
)

func settingsOf(t resource.Target) (settings, error) {
	config, _ := t.Config.UnmarkDeep()
	body, err := schemas.Decode[schemas.KubernetesTarget](config)
	if err != nil {
		return settings{}, fmt.Errorf("%s: %w", t.Address, err)
	}
	s := settings{body}
	s.Namespace = cmp.Or(s.Namespace, "default")
	s.Arch = cmp.Or(s.Arch, "amd64")
	switch {
	case !nameForm().MatchString(s.Namespace):
		return s, refuse(t, "bad namespace", "%q cannot be the name of a namespace.", s.Namespace).
			Fix("Use at most 63 small letters, digits and dashes, with a letter or digit at both ends.")
	case s.Prefix != "" && !prefixForm().MatchString(s.Prefix):
		return s, refuse(t, "bad prefix", "The prefix %q cannot begin the name of an object.", s.Prefix).
			Fix("Use at most 20 small letters, digits and dashes, and begin with a letter.")
	case s.Endpoint == "" && (s.CA != "" || s.Token != ""):
		return s, refuse(t, "no endpoint", "ca and token are for an endpoint, and none is given.").
			Fix("Write endpoint = \"https://…\", or leave them out and use a kubeconfig.")
	case s.Endpoint != "" && !strings.HasPrefix(s.Endpoint, "https://"):
		return s, refuse(t, "bad endpoint", "%q is not the URL of an API server.", s.Endpoint).
			Fix("It looks like https://10.0.0.5:6443.")
	case s.Registry == "" && s.Image == "":
		return s, refuse(t, "no image", "It is not known where the cluster gets the image of the runtime from.").
			Fix("Write registry = \"…\" with a repository to push it to, or image = \"…\" with one that is there.")
	}
	return s, nil
}

// refuse is an error about a target block.
func refuse(t resource.Target, summary, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(summary, detail, args...)
	d.Address = t.Address.String()
	return d
}
