package upstream

import (
	"testing"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// mute is the way to a client that can do nothing.
type mute struct{ dialogue.Line }

func (mute) Can() protocol.Capabilities { return 0 }

// TestAnExchangeHasItsClientFromTheFirst looks before anything was sent: the upstream
// may answer with progress sooner than the call waits for it.
func TestAnExchangeHasItsClientFromTheFirst(t *testing.T) {
	u := &Upstream{exchanges: map[string]*exchange{}}
	ctx := dialogue.With(t.Context(), mute{})
	e := u.begin(ctx, &link{})
	defer e.end()
	if e.client() == nil {
		t.Error("what the upstream says now is lost")
	}
	if e.attach(dialogue.From(ctx)) {
		t.Error("it takes another client beside it")
	}
}
