package session

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

func TestQuestions(t *testing.T) {
	var c Client
	id, reply, forget := c.Question()
	other, _, forgetOther := c.Question()
	if id == other {
		t.Error("two questions have one id")
	}
	raw := func(s string) json.RawMessage { b, _ := json.Marshal(s); return b }
	c.Answer(raw("nobody's"), Reply{})
	c.Answer(json.RawMessage("1"), Reply{})
	c.Answer(raw(id), Reply{Result: json.RawMessage(`{}`)})
	c.Answer(raw(id), Reply{Result: json.RawMessage(`{"again":1}`)})
	if r := <-reply; string(r.Result) != `{}` {
		t.Errorf("answer: %s", r.Result)
	}
	forget()
	forgetOther()
	c.Answer(raw(other), Reply{})
	if c.open != nil {
		t.Error("what is forgotten takes room")
	}
	_, waiting, _ := c.Question()
	c.End()
	if _, ok := <-waiting; ok {
		t.Error("an answer came from nowhere")
	}
	_, late, _ := c.Question()
	if _, ok := <-late; ok {
		t.Error("a client that is gone was asked")
	}
}

func TestSubscriptions(t *testing.T) {
	var c Client
	for _, uri := range []string{"b", "a", "c", "a"} {
		if !c.Subscribe(uri) {
			t.Error(uri)
		}
	}
	before := c.Subscribed()
	c.Unsubscribe("b")
	c.Unsubscribe("x")
	if got := c.Subscribed(); !slices.Equal(got, []string{"a", "c"}) || !slices.Equal(before, []string{"a", "b", "c"}) {
		t.Errorf("%v, before %v", got, before)
	}
	for i := range protocol.MaxSubscribed - 2 {
		c.Subscribe(fmt.Sprint(i))
	}
	if c.Subscribe("one more") {
		t.Error("there is no end to subscriptions")
	}
}

// carried is what a carrier has not carried yet, joined.
func carried(t *testing.T, c *Carrier) (out string, goesOn bool) {
	t.Helper()
	events, _, _, goesOn := c.Next()
	for _, e := range events {
		out += string(e) + " "
	}
	return out, goesOn
}

func TestEvents(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	table := NewTable(10, time.Hour, c.now)
	name := table.Open(protocol.V20251125, 0, "", 1)
	s := table.Get(name)
	st := table.Events.Open(s)
	append := func(message string, last bool) (string, bool) {
		n, mine := st.Append([]byte(message), last)
		return st.ID(n), mine
	}
	first, mine := append("a", false)
	if first != "1-1" || !mine {
		t.Errorf("%s, %v", first, mine)
	}
	append("b", false)
	carrier, err := table.Events.Resume(s, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, mine := append("c", false); mine {
		t.Error("the first connection still carries the stream")
	}
	if out, on := carried(t, carrier); out != "b c " || !on {
		t.Errorf("%q, %v", out, on)
	}
	append("d", true)
	if out, on := carried(t, carrier); out != "d " || on {
		t.Errorf("at the end: %q, %v", out, on)
	}
	again, err := table.Events.Resume(s, "1-0")
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := carried(t, again); out != "a b c d " {
		t.Errorf("from the beginning: %q", out)
	}
	if out, on := carried(t, carrier); out != "" || on {
		t.Errorf("a carrier that was relieved: %q, %v", out, on)
	}
	c.t = c.t.Add(2 * endedFor)
	table.Events.Open(s)
	if _, err := table.Events.Resume(s, "1-0"); err == nil {
		t.Error("a stream is kept for good")
	}
	table.Close(name)
	if table.Events.held != 0 || table.Events.order.Len() != 0 {
		t.Errorf("%d bytes are held for a session that is gone", table.Events.held)
	}
}

func TestEventsAreBounded(t *testing.T) {
	table := NewTable(100, time.Hour, time.Now)
	big := make([]byte, streamBytes/4)
	var sessions []*Session
	for range 10 {
		s := table.Get(table.Open(protocol.V20251125, 0, "", 1))
		sessions = append(sessions, s)
		st := table.Events.Open(s)
		for range 10 {
			st.Append(big, false)
		}
		if st.held > streamBytes || table.Events.held > eventBytes {
			t.Fatalf("a stream holds %d bytes, all hold %d", st.held, table.Events.held)
		}
	}
	if _, err := table.Events.Resume(sessions[0], "1-0"); err == nil {
		t.Error("events that were dropped are found")
	}
	if _, err := table.Events.Resume(sessions[9], "1-9"); err != nil {
		t.Errorf("the newest events are gone: %v", err)
	}
}
