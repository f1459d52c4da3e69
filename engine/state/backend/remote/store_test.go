package remote_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/contract"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

func TestContract(t *testing.T) {
	contract.Run(t, contract.Options{
		Lasts: time.Second,
		Reach: func(*testing.T) func() remote.Place {
			m := newMemory()
			return func() remote.Place { return m }
		},
	})
}

var (
	holder = state.Holder{Operation: "apply", Who: "alice@edge-1", PID: 1}
	edge   = address.Target{Kind: "sim", Name: "edge"}
)

func box(name string) *state.Resource {
	return &state.Resource{
		Address: address.Resource{Server: address.Server{Name: name}, Target: edge, Part: "box"}, Type: "box",
		Object: resource.Object{Values: cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name)})},
	}
}

var targets = map[address.Target]state.Target{edge: {Config: resource.Object{Values: cty.EmptyObjectVal}}}

// What stops a holder that was overtaken is the place, not its own clock: here it
// does not notice that time has passed.
func TestFence(t *testing.T) {
	for name, late := range map[string]func(*state.Session) error{
		"begin an operation": func(s *state.Session) error { return s.Begin(state.Create, box("late")) },
		"end an operation":   func(s *state.Session) error { return s.End(state.Create, box("begun").Address, box("begun")) },
		"write a snapshot": func(s *state.Session) error {
			_, err := s.Finish(context.Background(), state.Record{})
			return err
		},
	} {
		for moment, next := range map[string]func(*testing.T, *remote.Store){
			"when it was overtaken":           nil,
			"when the next holder has begun":  nextBegins,
			"when the next holder has ended":  nextEnds,
			"when many others came after it":  manyOthers,
			"when the state has moved away":   nextRetires,
			"when the next holder died again": nextDies,
		} {
			t.Run(name+" "+moment, func(t *testing.T) {
				m := newMemory()
				s := &remote.Store{Place: m, Lasts: time.Hour}
				session, err := state.Open(t.Context(), s, holder, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				if err := errors.Join(session.Start(t.Context(), targets), session.Begin(state.Create, box("begun"))); err != nil {
					t.Fatal(err)
				}
				m.pass(2 * time.Hour)
				lease, err := s.Lock(t.Context(), holder, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer lease.Release()
				if next != nil {
					lease.Release()
					next(t, s)
				}
				before := fmt.Sprint(m.objects)
				if err := late(session); err == nil || !strings.Contains(err.Error(), "the lock was lost") {
					t.Errorf("got %v", err)
				}
				if after := fmt.Sprint(m.objects["head"]); !strings.Contains(before, after) {
					t.Errorf("the head changed: %s", after)
				}
			})
		}
	}
}

func reopen(t *testing.T, s *remote.Store) *state.Session {
	t.Helper()
	session, err := state.Open(t.Context(), s, holder, 0)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func nextBegins(t *testing.T, s *remote.Store) {
	session := reopen(t, s)
	t.Cleanup(func() { session.Close() })
	if err := errors.Join(session.Start(t.Context(), targets), session.Begin(state.Create, box("next"))); err != nil {
		t.Fatal(err)
	}
}

func nextEnds(t *testing.T, s *remote.Store) {
	session := reopen(t, s)
	defer session.Close()
	if err := errors.Join(session.Start(t.Context(), targets), session.Begin(state.Create, box("next"))); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Finish(t.Context(), state.Record{}); err != nil {
		t.Fatal(err)
	}
}

func manyOthers(t *testing.T, s *remote.Store) {
	for range 30 {
		nextEnds(t, s)
	}
}

func nextRetires(t *testing.T, s *remote.Store) {
	nextEnds(t, s)
	lease, err := s.Lock(t.Context(), holder, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(lease.Retire(t.Context()), lease.Release()); err != nil {
		t.Fatal(err)
	}
}

func nextDies(t *testing.T, s *remote.Store) {
	nextBegins(t, s)
	s.Place.(*memory).pass(2 * time.Hour)
	nextEnds(t, s)
}
