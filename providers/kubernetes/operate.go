package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
)

var _ resource.Operable = (*Provider)(nil)

// OpenOperator looks after the servers of the target.
func (p *Provider) OpenOperator(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Operator, error) {
	return p.OpenOperatorBy(ctx, nil, t, owner)
}

// OpenOperatorBy is OpenOperator by a way of its own.
func (p *Provider) OpenOperatorBy(ctx context.Context, a *Access, t resource.Target, owner resource.Owner) (resource.Operator, error) {
	c, err := p.connect(ctx, a, t, owner, nil)
	if err != nil {
		return nil, err
	}
	return &operator{c}, nil
}

type operator struct{ *cluster }

// Units are the pods of a server.
func (o *operator) Units(ctx context.Context, k resource.Key) ([]resource.Unit, error) {
	names, err := o.names(ctx, k)
	if err != nil {
		return nil, err
	}
	var out []resource.Unit
	for name := range names {
		pods, err := o.in(pods, o.Namespace).List(ctx, metav1.ListOptions{LabelSelector: LabelServer + "=" + name})
		if err != nil {
			return nil, fmt.Errorf("list pods: %w", err)
		}
		for i := range pods.Items {
			out = append(out, unitOf(&pods.Items[i]))
		}
	}
	slices.SortFunc(out, func(a, b resource.Unit) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// names are those that the pods of a server bear: of its Deployment, or of its
// StatefulSet.
func (o *operator) names(ctx context.Context, k resource.Key) (map[string]bool, error) {
	out := map[string]bool{}
	for _, typ := range []string{DeploymentType, StatefulSetType} {
		found, err := o.list(ctx, kinds[typ], o.Namespace)
		if err != nil {
			return nil, err
		}
		for at, all := range found.byAddress {
			if a, err := address.ParseResource(at); err == nil && a.Server == k.Address.Server && a.Target == k.Address.Target {
				out[all[0].GetLabels()[LabelServer]] = true
			}
		}
	}
	return out, nil
}

// unitOf is a pod, as its cluster tells of it.
func unitOf(p *unstructured.Unstructured) resource.Unit {
	u := resource.Unit{Name: p.GetName(), State: strings.ToLower(textAt(p.Object, "status", "phase")), Place: textAt(p.Object, "spec", "nodeName")}
	for _, c := range listAt(p.Object, "status", "conditions") {
		if textAt(c, "type") == "Ready" {
			u.Ready = textAt(c, "status") == "True"
		}
	}
	for _, c := range listAt(p.Object, "status", "containerStatuses") {
		if textAt(c, "name") != Manager {
			continue
		}
		u.Restarts = int(intAt(c, "restartCount"))
		u.Running = at(c, "state", "running") != nil
		if since, err := time.Parse(time.RFC3339, textAt(c, "state", "running", "startedAt")); err == nil {
			u.Since = since
		}
		if reason := textAt(c, "state", "waiting", "reason"); reason != "" {
			u.State = reason
		}
		u.Last = endOf(c, "")
	}
	if p.GetDeletionTimestamp() != nil {
		u.State = "ending"
	}
	return u
}

// Logs writes what a pod has written.
func (o *operator) Logs(ctx context.Context, _ resource.Key, unit string, what resource.LogRequest, out io.Writer) error {
	client, err := o.streamClient()
	if err != nil {
		return fmt.Errorf("read the log of pod %s: %w", unit, err)
	}
	q := client.Get().AbsPath("api", "v1", "namespaces", o.Namespace, "pods", unit, "log").Param("container", Manager)
	if what.Tail >= 0 {
		q = q.Param("tailLines", strconv.Itoa(what.Tail))
	}
	if what.Follow {
		q = q.Param("follow", "true")
	}
	r, err := q.Stream(ctx)
	if err != nil {
		return fmt.Errorf("read the log of pod %s: %w", unit, err)
	}
	defer r.Close()
	if _, err := io.Copy(out, r); err != nil && ctx.Err() == nil {
		return fmt.Errorf("read the log of pod %s: %w", unit, err)
	}
	return nil
}

// Ask runs erlmcpd in a pod.
func (o *operator) Ask(ctx context.Context, _ resource.Key, unit string, question []string, out io.Writer) error {
	if question[0] == "stop" {
		return diag.Errorf("Pods are not stopped one by one", "The cluster would start pod %s again.", unit).
			Fix("Set enabled = false or scale in the server block and apply, or delete the pod with kubectl.")
	}
	command := append([]string{image.Program, question[0], "-control", controlPath}, question[1:]...)
	query := url.Values{"container": {Manager}, "stdout": {"true"}, "stderr": {"true"}, "command": command}
	at := strings.TrimSuffix(o.config.Host, "/") + "/api/v1/namespaces/" + o.Namespace + "/pods/" + unit + "/exec?" + query.Encode()
	executor, err := remotecommand.NewWebSocketExecutor(o.config, "GET", at)
	if err != nil {
		return fmt.Errorf("ask the server in pod %s: %w", unit, err)
	}
	var errs bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: out, Stderr: &errs})
	var exit utilexec.CodeExitError
	switch {
	case errors.As(err, &exit):
		return resource.Refusal(errs.Bytes())
	case err != nil:
		return fmt.Errorf("ask the server in pod %s: %w", unit, err)
	}
	return nil
}
