package gke

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/erlmcp/erlmcp/engine/resource"
)

const (
	firstLook    = 50 * time.Millisecond
	longestLook  = 5 * time.Second
	operationCap = 45 * time.Minute // clusters take ten, large pools longer
)

// await looks until it is done, less and less often.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	limit := time.NewTimer(operationCap)
	defer limit.Stop()
	for pause := firstLook; ; pause = min(pause*3/2, longestLook) {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-limit.C:
			timer.Stop()
			return fmt.Errorf("%s is not done after %s; the next apply goes on waiting", what, operationCap)
		}
	}
}

// finish waits for an operation of GKE, and says how far it is.
func (c *client) finish(ctx context.Context, ch resource.Change, doing string, op *containerpb.Operation) error {
	told := ""
	return await(ctx, "operation "+op.GetName(), func() (bool, error) {
		if op.GetStatus() != containerpb.Operation_DONE {
			next, err := c.clusters.GetOperation(ctx, &containerpb.GetOperationRequest{Name: c.parent() + "/operations/" + op.GetName()}, patient()...)
			if err != nil {
				return false, c.explain("look at operation "+op.GetName(), err)
			}
			op = next
		}
		if op.GetStatus() == containerpb.Operation_DONE {
			return true, c.explain(doing, failureOf(op))
		}
		if message := progressOf(doing, op); message != told {
			told = message
			ch.Progress(message)
		}
		return false, nil
	})
}

// failureOf is the error of an operation that is done; nil when it went well.
func failureOf(op *containerpb.Operation) error {
	if e := op.GetError(); e != nil && e.GetCode() != int32(codes.OK) {
		return status.FromProto(e).Err()
	}
	return nil
}

// progressOf says what is waited for: "create the cluster tools: deploying 4 of 10".
func progressOf(doing string, op *containerpb.Operation) string {
	message := fmt.Sprintf("waiting for GKE to %s (%s)", doing, op.GetName())
	counts := map[string]int64{}
	for _, m := range op.GetProgress().GetMetrics() {
		counts[m.GetName()] = m.GetIntValue()
	}
	for _, m := range op.GetProgress().GetMetrics() {
		total, ok := counts[m.GetName()+"_TOTAL"]
		if ok && m.GetIntValue() < total {
			step := strings.ToLower(strings.ReplaceAll(m.GetName(), "_", " "))
			return fmt.Sprintf("%s: %s, %d of %d", message, step, m.GetIntValue(), total)
		}
	}
	if op.GetDetail() != "" {
		message += ": " + op.GetDetail()
	}
	return message
}

// pending are the operations on the cluster and its pools that are under way.
func (c *client) pending(ctx context.Context) ([]*containerpb.Operation, error) {
	l, err := c.clusters.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: c.parent()}, patient()...)
	if err != nil {
		return nil, c.explain("list the operations in "+c.Location, err)
	}
	var out []*containerpb.Operation
	for _, op := range l.GetOperations() {
		link := op.GetTargetLink() + "/"
		if op.GetStatus() != containerpb.Operation_DONE && strings.Contains(link, "/clusters/"+c.Name+"/") {
			out = append(out, op)
		}
	}
	return out, nil
}

// settle waits for the operations that are under way on the cluster: those that an
// apply which was cut off began, or that somebody else did. How they end is seen in
// what they worked on.
func (c *client) settle(ctx context.Context, ch resource.Change) error {
	ops, err := c.pending(ctx)
	if err != nil {
		return err
	}
	for _, op := range ops {
		doing := "finish what was begun before: " + strings.ToLower(strings.ReplaceAll(op.GetOperationType().String(), "_", " "))
		if err := c.finish(ctx, ch, doing, op); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// operate begins an operation of GKE and waits for its end. A cluster takes one at a
// time: others are waited for first.
func (w *writer) operate(ctx context.Context, ch resource.Change, doing string, begin func() (*containerpb.Operation, error)) error {
	w.one.Lock()
	defer w.one.Unlock()
	var op *containerpb.Operation
	err := await(ctx, "the turn to "+doing, func() (bool, error) {
		if err := w.settle(ctx, ch); err != nil {
			return false, err
		}
		var err error
		op, err = begin()
		return !isBusy(err), notBusy(err) // somebody may have been quicker
	})
	if err != nil {
		return err
	}
	return w.finish(ctx, ch, doing, op)
}

func notBusy(err error) error {
	if isBusy(err) {
		return nil
	}
	return err
}

// finishCompute waits for an operation of Compute Engine.
func (c *client) finishCompute(ctx context.Context, ch resource.Change, doing string, op *compute.Operation) error {
	told := false
	err := await(ctx, "operation "+op.Name(), func() (bool, error) {
		if op.Done() {
			return true, nil
		}
		if err := op.Poll(ctx, patient()...); err != nil || op.Done() {
			return true, err
		}
		if !told {
			told = true
			ch.Progress(fmt.Sprintf("waiting for Compute Engine to %s (%s)", doing, op.Name()))
		}
		return false, nil
	})
	if failed := op.Proto().GetError().GetErrors(); len(failed) > 0 {
		err = computeFailure(failed)
	}
	return c.explain(doing, err)
}

// computeFailure is the error of an operation, in the words of the API.
func computeFailure(all []*computepb.Errors) error {
	var said []string
	for _, e := range all {
		said = append(said, e.GetCode()+": "+e.GetMessage())
	}
	return fmt.Errorf("%s", strings.Join(said, "; "))
}
