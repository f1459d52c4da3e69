package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/erlmcp/erlmcp/diag"
)

// apply has the server merge the intent into the object, or create it. Fields
// that other managers own are taken only when the target says so, or when they
// were erlmcp's before somebody edited them by hand.
func (c *cluster) apply(ctx context.Context, i intent) (*unstructured.Unstructured, error) {
	o, err := c.merge(ctx, i)
	if apierrors.IsInvalid(err) {
		if moved, moveErr := c.giveWay(ctx, i); moved && moveErr == nil {
			o, err = c.patch(ctx, i, true)
		}
	}
	return o, refused(i, err)
}

// rehearse has the server say what apply would make of the object. It gives
// neither object nor error where the server cannot say.
func (c *cluster) rehearse(ctx context.Context, i intent) (*unstructured.Unstructured, error) {
	i.dry = true
	o, err := c.merge(ctx, i)
	switch {
	case apierrors.IsNotFound(err): // the namespace is made by the same apply
		return nil, nil
	case apierrors.HasStatusCause(err, "NamespaceTerminating"): // it is waited for
		return nil, nil
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot patch resource"):
		return nil, nil // who plans need not have the right to apply
	case apierrors.IsInvalid(err):
		live, getErr := c.in(i.kind, i.namespace).Get(ctx, i.name, metav1.GetOptions{})
		if getErr == nil && dropMoved(live.Object, i.body) {
			return nil, nil // an apply makes room first
		}
		if getErr == nil && immutable(err) {
			return nil, errImmutable
		}
	}
	return o, refused(i, err)
}

// errImmutable is that of a change which takes a new object.
var errImmutable = errors.New("it cannot be changed in place")

// immutable reports whether all that the server has against a change is that what
// is there cannot be changed so.
func immutable(err error) bool {
	status, ok := err.(apierrors.APIStatus)
	if !ok || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		said := cause.Type == metav1.CauseType("FieldValueForbidden") && strings.Contains(cause.Message, "updates to statefulset spec") ||
			strings.Contains(cause.Message, "field is immutable") || strings.Contains(cause.Message, "may not change once set")
		if !said {
			return false
		}
	}
	return true
}

// merge patches, and takes back what was edited by hand.
func (c *cluster) merge(ctx context.Context, i intent) (*unstructured.Unstructured, error) {
	o, err := c.patch(ctx, i, c.Force)
	if apierrors.IsConflict(err) && !c.Force {
		theirs := foreign(conflicts(err), i.before)
		if len(theirs) > 0 {
			return nil, conflict(i, theirs)
		}
		o, err = c.patch(ctx, i, true)
	}
	return o, err
}

func (c *cluster) patch(ctx context.Context, i intent, force bool) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(i.object())
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: Manager, Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if i.dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return c.in(i.kind, i.namespace).Patch(ctx, i.name, types.ApplyPatchType, raw, options)
}

// giveWay removes items of lists that somebody made of the intent's own by
// changing their keys, such as the port of a Service: applied beside them, the
// intent's would bear their names a second time.
func (c *cluster) giveWay(ctx context.Context, i intent) (bool, error) {
	live, err := c.in(i.kind, i.namespace).Get(ctx, i.name, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	if !dropMoved(live.Object, i.body) {
		return false, nil
	}
	_, err = c.in(i.kind, i.namespace).Update(ctx, live, metav1.UpdateOptions{FieldManager: Manager})
	return true, err
}

// dropMoved removes the items from live's lists that have the name of a wanted
// item and another port. It reports whether there were any.
func dropMoved(live, want fields) bool {
	dropped := false
	for name, w := range want {
		switch w := w.(type) {
		case fields:
			if l, ok := live[name].(fields); ok {
				dropped = dropMoved(l, w) || dropped
			}
		case []any:
			l, ok := live[name].([]any)
			if !ok {
				continue
			}
			kept := slices.DeleteFunc(l, func(e any) bool { return movedPort(e, w) })
			dropped = dropped || len(kept) < len(l)
			live[name] = kept
		}
	}
	return dropped
}

func movedPort(item any, want []any) bool {
	has, ok := item.(fields)
	if !ok || has["name"] == nil {
		return false
	}
	for _, w := range want {
		wants, ok := w.(fields)
		if !ok || wants["name"] != has["name"] {
			continue
		}
		for _, key := range []string{"port", "containerPort"} {
			if wants[key] != nil && wants[key] != has[key] {
				return true
			}
		}
	}
	return false
}

// clash is a field that another manager owns.
type clash struct {
	field, manager string
	edited         bool // by hand or by a program, not applied as what it wants
}

var conflictForm = regexp.MustCompile(`conflict with ("(?:[^"\\]|\\.)*")`)

// conflicts are the causes in the server's answer.
func conflicts(err error) []clash {
	status, ok := err.(apierrors.APIStatus)
	if !ok || status.Status().Details == nil {
		return nil
	}
	var out []clash
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		manager := cause.Message
		if m := conflictForm.FindStringSubmatch(cause.Message); m != nil {
			_ = json.Unmarshal([]byte(m[1]), &manager) // else the message says it
		}
		// The server names an API version for managers that update, none for those
		// that apply.
		out = append(out, clash{cause.Field, manager, strings.Contains(cause.Message, " using ")})
	}
	return out
}

// foreign are the clashes that are not edits of what erlmcp had applied. Fields
// are told apart without the keys of list items, which are guesses in a manifest.
func foreign(all []clash, before fields) []clash {
	applied := map[string]bool{}
	if before != nil {
		plainPaths(before, "", applied)
	}
	var out []clash
	for _, c := range all {
		if !c.edited || !applied[plainPath(c.field)] {
			out = append(out, c)
		}
	}
	return out
}

// plainPaths adds the paths of all that stands in a value.
func plainPaths(v any, path string, into map[string]bool) {
	into[path] = true
	switch v := v.(type) {
	case fields:
		for name, e := range v {
			plainPaths(e, path+"."+name, into)
		}
	case []any:
		for _, e := range v {
			plainPaths(e, path, into)
		}
	}
}

var itemKeys = regexp.MustCompile(`\[[^\]]*\]`)

func plainPath(p string) string { return itemKeys.ReplaceAllString(p, "") }

func conflict(i intent, theirs []clash) *diag.Diagnostic {
	var lines []string
	for _, c := range theirs {
		lines = append(lines, fmt.Sprintf("%s belongs to %q", c.field, c.manager))
	}
	d := diag.Errorf("other managers own fields", "%s %s/%s: %s.", i.kind.name, i.namespace, i.name, strings.Join(lines, "; ")).
		Fix("Leave these fields to them, or write force = true in the target block to take them.")
	d.Address = i.address.String()
	return d
}

// refused explains what the server does not take. A diagnostic is passed on.
func refused(i intent, err error) error {
	if _, explained := err.(*diag.Diagnostic); err == nil || explained {
		return err
	}
	what := fmt.Sprintf("apply %s %s", i.kind.name, i.name)
	if i.namespace != "" {
		what = fmt.Sprintf("apply %s %s/%s", i.kind.name, i.namespace, i.name)
	}
	remedy := ""
	switch {
	case apierrors.IsForbidden(err):
		remedy = "Check the rights of the user, the namespace's quota and its admission policies."
	case apierrors.IsNotFound(err) && (i.kind == kinds[RouteType] || i.kind == kinds[MonitorType]) && strings.Contains(err.Error(), "the server could not find"):
		remedy = "The cluster does not know this kind: have its definitions (CRDs) installed, or leave the block out."
	case apierrors.IsNotFound(err):
		remedy = "Create the namespace, or write create_namespace = true in the target block."
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), strings.Contains(err.Error(), "failed to create typed patch object"):
		remedy = "Correct the configuration; patch blocks are passed on as they are."
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
	d := diag.Errorf("the cluster refuses an object", "%s: %s.", what, strings.TrimSuffix(err.Error(), ".")).Fix("%s", remedy)
	d.Address = i.address.String()
	return d
}
