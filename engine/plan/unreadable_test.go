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
