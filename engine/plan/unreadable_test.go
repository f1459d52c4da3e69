package plan

import (
	"errors"
	"fmt"
	"testing"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

func TestWhatCannotBeReadIsSaidOnceWithItsRemedy(t *testing.T) {
	at, err := address.ParseResource("server.a@host.here/process")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		err            error
		detail, remedy string
	}{
		{"an error", errors.New("the disk is gone"), "the disk is gone.", ""},
		{"what the provider says", fmt.Errorf("read: %w", diag.Errorf("no access", "It is another's.").Fix("Ask them.")), "No access: It is another's.", "Ask them."},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := unreadable(at, c.err)
			if d.Detail != c.detail || d.Remedy != c.remedy || d.Address != at.String() {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestWhatIsTheSameOfManyResourcesIsSaidOnce(t *testing.T) {
	var all diag.List
	for _, c := range []struct{ at, err string }{
		{"server.a@host.here/process", "it may not be listed"}, {"server.b@host.here/process", "it is broken"},
		{"server.c@host.here/process", "it may not be listed"}, {"server.d@host.here/process", "it may not be listed"},
	} {
		at, err := address.ParseResource(c.at)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, unreadable(at, errors.New(c.err)))
	}
	got := folded(all)
	if len(got) != 2 || got[0].Detail != "it may not be listed. So it is with 2 more." || got[1].Detail != "it is broken." || got[1].Address != "server.b@host.here/process" {
		t.Errorf("%v", got)
	}
}
