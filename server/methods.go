package server

import (
	"errors"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// method is how requests of one method are answered: by run, which appends the
// members of the result to dst, in the middle of an object, or by stream, which
// sees to its answer itself.
type method struct {
	run    func(c *call, dst []byte) ([]byte, *protocol.Error)
	stream func(c *call)
	legacy bool // is in versions before 2026-07-28
	modern bool // is in 2026-07-28
	slow   bool // goes through the workers
}

func (m method) in(v protocol.Version) bool {
	if v.Modern() {
		return m.modern
	}
	return m.legacy
}

// methodOf returns how a method is answered, and whether there is such a method.
func methodOf(name string) (method, bool) {
	switch name {
	case protocol.Initialize:
		return method{run: initialize, legacy: true}, true
	case protocol.Ping:
		return method{run: ping, legacy: true}, true
	case protocol.SetLevel:
		return method{run: setLevel, legacy: true}, true
	case protocol.Discover:
		return method{run: discover, modern: true}, true
	case protocol.SubscriptionsListen:
		return method{stream: listenForChanges, modern: true}, true
	case protocol.ToolsList:
		return method{run: toolsList, legacy: true, modern: true}, true
	case protocol.ToolsCall:
		return method{run: toolsCall, legacy: true, modern: true, slow: true}, true
	case protocol.ResourcesList:
		return method{run: resourcesList, legacy: true, modern: true, slow: true}, true
	case protocol.ResourcesTemplatesList:
		return method{run: templatesList, legacy: true, modern: true}, true
	case protocol.ResourcesRead:
		return method{run: resourcesRead, legacy: true, modern: true, slow: true}, true
	case protocol.PromptsList:
		return method{run: promptsList, legacy: true, modern: true}, true
	case protocol.PromptsGet:
		return method{run: promptsGet, legacy: true, modern: true, slow: true}, true
	case protocol.Complete:
		return method{run: complete, legacy: true, modern: true, slow: true}, true
	case protocol.ResourcesSubscribe:
		return method{run: subscribe, legacy: true}, true
	case protocol.ResourcesUnsubscribe:
		return method{run: unsubscribe, legacy: true}, true
	case protocol.TasksGet:
		return method{run: tasksGet, modern: true}, true
	case protocol.TasksUpdate:
		return method{run: tasksUpdate, modern: true}, true
	case protocol.TasksCancel:
		return method{run: tasksCancel, modern: true}, true
	}
	return method{}, false
}

// How long clients may keep results (MCP 2026-07-28, server/utilities/caching).
// What comes from the document holds until a list-changed notification; folders
// change without one.
var (
	untilTold = protocol.Cache{TTL: 300_000, Scope: "public"}
	forAWhile = protocol.Cache{TTL: 5_000, Scope: "public"}
	notAtAll  = protocol.Cache{TTL: 0, Scope: "private"}
)

// capabilities are what both eras have.
const capabilities = `"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},` +
	`"prompts":{"listChanged":true},"completions":{},"logging":{}`

func discover(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	dst = append(protocol.Field(dst, "supportedVersions"), '[')
	for _, v := range protocol.Versions() {
		if v.Modern() {
			dst = protocol.AppendString(dst, string(v))
		}
	}
	dst = append(dst, ']')
	dst = append(protocol.Field(dst, "capabilities"), `{`+capabilities+`,"extensions":{"`+protocol.TasksExtension+`":{}}}`...)
	return c.instructions(dst), nil
}

func (c *call) instructions(dst []byte) []byte {
	if text := c.st.doc.Instructions; text != "" {
		dst = protocol.AppendString(protocol.Field(dst, "instructions"), text)
	}
	return dst
}

func toolsList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	return c.catalog().AppendTools(dst, &c.m)
}

func promptsList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	return c.catalog().AppendPrompts(dst, &c.m)
}

func templatesList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	return c.catalog().AppendTemplates(dst, &c.m)
}

func resourcesList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	if c.catalog().Live() {
		c.cache = forAWhile
	}
	return c.catalog().AppendResources(dst, &c.m)
}

func resourcesRead(c *call, dst []byte) ([]byte, *protocol.Error) {
	uri, err := c.m.Text("uri")
	if err != nil {
		return dst, err
	}
	if err := c.scopedResource(uri); err != nil {
		return dst, err
	}
	if !c.x.Hold.Take(c.catalog().ResourceSize(uri)) {
		return dst, c.short()
	}
	c.cache = notAtAll
	return c.catalog().AppendResource(c.ctx, dst, uri, c.version)
}

// complete suggests values of an argument of a prompt or template (MCP,
// server/utilities/completion).
func complete(c *call, dst []byte) ([]byte, *protocol.Error) {
	return c.catalog().AppendCompletion(c.ctx, dst, &c.m)
}

func promptsGet(c *call, dst []byte) ([]byte, *protocol.Error) {
	name, err := c.m.Text("name")
	if err != nil {
		return dst, err
	}
	prompt := c.catalog().Prompt(name)
	if prompt == nil {
		return dst, protocol.NewError(protocol.InvalidParams, "Unknown prompt: %s", name)
	}
	if err := c.scoped(auth.Prompt, name); err != nil {
		return dst, err
	}
	given, err := c.arguments()
	if err != nil {
		return dst, err
	}
	args, err := prompt.Check(given)
	if err == nil && c.version.Modern() {
		err = c.readRounds(name)
	}
	if err != nil {
		return dst, err
	}
	c.line = newLine(c)
	result, failed := prompt.Get(dialogue.With(c.ctx, c.line), args)
	switch {
	case failed == nil:
		return c.appendPrompt(dst, result)
	case errors.Is(failed, dialogue.ErrInputRequired) && c.rounds.asks():
		return c.inputRequired(dst, name)
	case c.ctx.Err() != nil:
		return dst, c.interrupted()
	}
	return dst, c.promptError(name, failed)
}

// promptError is the error of a prompt that has failed.
func (c *call) promptError(name string, failed error) *protocol.Error {
	var wrong *protocol.Error
	var unanswered *dialogue.Unanswered
	switch {
	case errors.As(failed, &wrong):
		return wrong
	case errors.As(failed, &unanswered):
		return protocol.NewError(protocol.InternalError, "%s", unanswered)
	}
	c.rt.log.Error("prompt failed", "prompt", name, "error", failed)
	return protocol.NewError(protocol.InternalError, "The prompt %s failed inside the server", name)
}

// appendPrompt appends a prompt, unless it is too large.
func (c *call) appendPrompt(dst []byte, r *protocol.PromptResult) ([]byte, *protocol.Error) {
	begin, most := len(dst), c.st.doc.Limits.ResponseSize
	dst, err := protocol.AppendPromptResult(dst, r)
	if err != nil {
		return dst, protocol.NewError(protocol.InternalError, "The prompt cannot be encoded")
	}
	if len(dst)-begin > int(most) {
		return dst, protocol.NewError(protocol.InternalError, "The prompt is larger than limits.response_size, %s", most)
	}
	return dst, nil
}
