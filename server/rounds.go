package server

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// roundTime is how long a client may take to make a call again with its answers.
const roundTime = 15 * time.Minute

// maxState is the most bytes of answers that a client carries from round to round.
const maxState = 256 << 10

// rounds are the questions of a call that the client makes again with its answers
// (MCP 2026-07-28, basic/patterns/mrtr). What was answered in earlier rounds comes
// back in requestState, sealed, so that no round can change what another said.
type rounds struct {
	mu    sync.Mutex
	given protocol.InputResponses // what came with the request
	used  protocol.InputResponses // answers to questions of this round
	open  protocol.InputRequests  // questions without an answer
}

// readRounds reads what came with a request for that tool or prompt.
func (c *call) readRounds(name string) *protocol.Error {
	answers, err := c.inputResponses()
	if err != nil {
		return err
	}
	if raw := c.m.Params.Get("requestState"); raw != nil {
		state, err := c.m.Text("requestState")
		if err != nil {
			return err
		}
		payload, failed := c.st.seal.open(state, c.boundTo(name), time.Now())
		if failed != nil {
			return protocol.NewError(protocol.InvalidParams, "params.requestState: %v", failed)
		}
		if json.Unmarshal(payload, &c.rounds.given) != nil {
			return protocol.NewError(protocol.InvalidParams, "params.requestState cannot be read")
		}
	}
	if c.rounds.given == nil {
		c.rounds.given = answers
	} else {
		maps.Copy(c.rounds.given, answers)
	}
	return nil
}

// ask returns the answers when all are there; otherwise it notes what is missing.
func (r *rounds) ask(questions protocol.InputRequests) (protocol.InputResponses, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used == nil {
		r.used, r.open = protocol.InputResponses{}, protocol.InputRequests{}
	}
	out := protocol.InputResponses{}
	for _, key := range questions.Keys() {
		q := questions[key]
		answer, ok := r.given[key]
		if !ok {
			r.open[key] = q
			continue
		}
		if err := q.Fits(answer); err != nil {
			return nil, err
		}
		out[key], r.used[key] = answer, answer
	}
	if len(out) < len(questions) {
		return nil, dialogue.ErrInputRequired
	}
	return out, nil
}

// inputRequired appends the whole answer that asks the client for what is
// missing.
func (c *call) inputRequired(dst []byte, name string) ([]byte, *protocol.Error) {
	c.rounds.mu.Lock()
	defer c.rounds.mu.Unlock()
	payload, err := json.Marshal(c.rounds.used)
	if err != nil || len(payload) > maxState {
		return dst, protocol.NewError(protocol.InvalidParams, "The answers so far are larger than %d bytes", maxState)
	}
	c.cache = protocol.Cache{}
	dst = c.era().BeginResult(dst[:0], c.m.ID, protocol.InputRequired)
	dst = protocol.AppendInputRequests(dst, c.rounds.open)
	state := c.st.seal.close(payload, c.boundTo(name), time.Now().Add(roundTime))
	return protocol.AppendString(protocol.Field(dst, "requestState"), state), nil
}

// asks reports whether a call ends with questions.
func (r *rounds) asks() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open) > 0
}

// boundTo is what a state is bound to: the request without its answers, and who
// makes it.
func (c *call) boundTo(name string) []byte {
	args, _ := c.m.Arguments()         // were read before
	canonical, _ := json.Marshal(args) // came from JSON; keys in order
	h := sha256.New()
	for _, part := range []string{c.m.Method, name, c.principal(), string(canonical)} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
