package kubernetes

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

var boundForm = regexp.MustCompile(`^([0-9]{1,4}|[0-9]{1,2}%|100%)$`)

// surgeOf refuses a rollout that no Deployment can carry out.
func surgeOf(in resource.Instance) error {
	r := in.Rollout
	refuse := func(detail string, args ...any) error {
		d := diag.Errorf("bad rollout", "The block rollout of %s %s.", in.Address, fmt.Sprintf(detail, args...)).
			Fix("Write max_unavailable = 0 and max_surge = 1, or percentages such as \"25%%\".")
		d.Address = in.Address.String()
		return d
	}
	for name, v := range map[string]string{"max_unavailable": r.MaxUnavailable, "max_surge": r.MaxSurge} {
		switch {
		case v == "":
		case r.Strategy == resource.Recreate:
			return refuse("has %s, and with the strategy recreate all copies end first", name)
		case !boundForm.MatchString(v):
			return refuse("has %s = %q, which is neither a number nor a percentage", name, v)
		}
	}
	if isZero(bound(r.MaxUnavailable, 0)) && isZero(bound(r.MaxSurge, 1)) {
		return refuse("allows neither a copy to be missing nor one too many: nothing could ever be replaced")
	}
	return nil
}

// bound is a number or a percentage as a Deployment has it.
func bound(v string, otherwise int64) any {
	if v == "" {
		return otherwise
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return n
	}
	return v
}

func isZero(v any) bool { return v == int64(0) || v == "0%" || v == "00%" }
