package apply

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// partial carries out a stage after which what was there still stands: it is
// recorded as it was, whatever stands beside it. What is new is checked, and
// watched for as long as the stage says.
func (r *runner) partial(writer resource.Writer, s plan.Step, w *plan.Wanted, next *state.Resource) (StepOutcome, error) {
	if was := r.Session.View().Snapshot.Resources[s.Address]; was != nil {
		next = was
	}
	still := *next
	if err := r.Session.Begin(state.Update, &still); err != nil {
		return Skipped, err
	}
	values, failed := writer.Update(r.opctx, r.change(s, w))
	if values == cty.NilVal {
		return Failed, cmp.Or(failed, errors.New("the provider gave back nothing"))
	}
	var err error
	if still.Object, err = resource.Redact(values, r.Session.View().Snapshot.DigestKey, w.Object.SecretPaths()...); err != nil {
		return Failed, err
	}
	if err := r.end(state.Update, s, &still); err != nil {
		return Failed, err
	}
	if failed != nil {
		return Failed, failed
	}
	if w.Checked && len(w.Instance.Smokes) > 0 {
		if err := r.check(writer, s, w, values); err != nil {
			return Failed, &checkError{r.withLog(writer, s, w, err)}
		}
	}
	switch err := r.hold(writer, s, w); {
	case errors.Is(err, errStands):
		r.fail(stands(s))
		return Standing, nil
	case err != nil:
		return Failed, &checkError{r.withLog(writer, s, w, err)}
	}
	return Done, nil
}

// stageText names the stage of a step for people, "" for a whole update.
func stageText(s plan.Step) string {
	if s.Stage.Kind == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", s.Stage)
}
