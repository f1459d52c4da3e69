package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

const (
	lockName   = "lock"
	holderNote = "erlmcp.dev/holder"
	nonceNote  = "erlmcp.dev/nonce"
	microTime  = "2006-01-02T15:04:05.000000Z07:00"
)

// lease is a Lease of coordination.k8s.io/v1.
type lease struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       struct {
		// HolderIdentity is empty when nobody holds it.
		HolderIdentity       string `json:"holderIdentity"`
		LeaseDurationSeconds int    `json:"leaseDurationSeconds,omitempty"`
		RenewTime            string `json:"renewTime,omitempty"`
		LeaseTransitions     uint64 `json:"leaseTransitions"`
	} `json:"spec"`
}

func (n *Namespace) leaseName() string { return "erlmcp-state-" + n.name }

func (n *Namespace) leases() string {
	return "/apis/coordination.k8s.io/v1/namespaces/" + n.namespace + "/leases"
}

// ReadLock reads the Lease.
func (n *Namespace) ReadLock(ctx context.Context) (remote.Lock, error) {
	var in lease
	err := n.api.do(ctx, http.MethodGet, n.leases()+"/"+n.leaseName(), nil, nil, &in)
	if isCode(err, http.StatusNotFound) {
		return remote.Lock{}, nil
	}
	if err != nil {
		return remote.Lock{}, err
	}
	out := remote.Lock{
		Version: in.Metadata.ResourceVersion, Token: in.Spec.LeaseTransitions, Nonce: in.Metadata.Annotations[nonceNote],
		Held: in.Spec.HolderIdentity != "", Lasts: time.Duration(in.Spec.LeaseDurationSeconds) * time.Second,
	}
	if note := in.Metadata.Annotations[holderNote]; note != "" {
		if err := json.Unmarshal([]byte(note), &out.Holder); err != nil {
			return remote.Lock{}, fmt.Errorf("its annotation %s is damaged: %w", holderNote, err)
		}
	}
	renewed, err := time.Parse(time.RFC3339, in.Spec.RenewTime)
	if out.Held && err != nil {
		return remote.Lock{}, fmt.Errorf("its renewTime is damaged: %w", err)
	}
	out.Age = n.api.now().Sub(renewed)
	return out, nil
}

// WriteLock writes the Lease, with the time of the API server's clock.
func (n *Namespace) WriteLock(ctx context.Context, l remote.Lock) (remote.Lock, error) {
	holder, err := json.Marshal(l.Holder)
	if err != nil {
		return remote.Lock{}, err
	}
	out := lease{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Metadata: metadata{
		Name: n.leaseName(), ResourceVersion: l.Version,
		Labels:      map[string]string{"app.kubernetes.io/managed-by": "erlmcp", stateLabel: n.name},
		Annotations: map[string]string{holderNote: string(holder), nonceNote: l.Nonce},
	}}
	if l.Held {
		out.Spec.HolderIdentity = identity(l.Holder)
	}
	out.Spec.LeaseDurationSeconds = int((l.Lasts + time.Second - 1) / time.Second)
	out.Spec.RenewTime = n.api.now().UTC().Format(microTime)
	out.Spec.LeaseTransitions = l.Token
	var got lease
	if l.Version == "" {
		err = n.api.do(ctx, http.MethodPost, n.leases(), nil, out, &got)
	} else {
		err = n.api.do(ctx, http.MethodPut, n.leases()+"/"+n.leaseName(), nil, out, &got)
	}
	l.Version = got.Metadata.ResourceVersion
	return l, conflict(err)
}

func identity(h state.Holder) string { return fmt.Sprintf("%s/%d", h.Who, h.PID) }
