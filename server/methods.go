package server

import (
	"context"
	"errors"

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
		return method{run: promptsGet, legacy: true, modern: true}, true
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

const capabilities = `"tools":{"listChanged":true},"resources":{"listChanged":true},"prompts":{"listChanged":true}`

func discover(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	dst = append(protocol.Field(dst, "supportedVersions"), '[')
	for _, v := range protocol.Versions() {
		if v.Modern() {
			dst = protocol.AppendString(dst, string(v))
		}
	}
	dst = append(dst, ']')
	dst = append(protocol.Field(dst, "capabilities"), "{"+capabilities+"}"...)
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
	return c.st.catalog.AppendTools(dst, &c.m)
}

func promptsList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	return c.st.catalog.AppendPrompts(dst, &c.m)
}

func templatesList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	return c.st.catalog.AppendTemplates(dst, &c.m)
}

func resourcesList(c *call, dst []byte) ([]byte, *protocol.Error) {
	c.cache = untilTold
	if c.st.catalog.Live() {
		c.cache = forAWhile
	}
	return c.st.catalog.AppendResources(dst, &c.m)
}

func resourcesRead(c *call, dst []byte) ([]byte, *protocol.Error) {
	uri, err := c.m.Text("uri")
	if err != nil {
		return dst, err
	}
	c.cache = notAtAll
	return c.st.catalog.AppendResource(dst, uri, c.version)
}

func promptsGet(c *call, dst []byte) ([]byte, *protocol.Error) {
	return c.st.catalog.AppendPrompt(dst, &c.m)
}

func toolsCall(c *call, dst []byte) ([]byte, *protocol.Error) {
	name, err := c.m.Text("name")
	if err != nil {
		return dst, err
	}
	tool := c.st.catalog.Tool(name)
	if tool == nil {
		return dst, protocol.NewError(protocol.InvalidParams, "Unknown tool: %s", name)
	}
	c.tool = name
	args, err := c.m.Arguments()
	if err != nil {
		return dst, err
	}
	if c.version.Modern() && c.x.Header != nil {
		if err := tool.CheckHeaders(c.x.Header, args); err != nil {
			return dst, err
		}
	}
	if wrong := tool.Check(args); wrong != nil {
		if !c.version.InputErrorsAreResults() {
			return dst, protocol.NewError(protocol.InvalidParams, "Invalid arguments for tool %s: %v", name, wrong)
		}
		return c.result(dst, protocol.ErrorResult("Invalid arguments: "+wrong.Error()))
	}
	result, failed := tool.Call(c.ctx, args)
	switch {
	case failed == nil && result != nil:
		return c.result(dst, result)
	case errors.Is(c.ctx.Err(), context.DeadlineExceeded):
		return c.result(dst, protocol.ErrorResult(c.interrupted().Message+"."))
	case c.ctx.Err() != nil:
		return dst, c.interrupted()
	}
	c.rt.log.Error("tool failed", "tool", name, "error", failed)
	return dst, protocol.NewError(protocol.InternalError, "The tool %s failed inside the server", name)
}

// result appends what a tool answered, or that it is too large.
func (c *call) result(dst []byte, r *protocol.ToolResult) ([]byte, *protocol.Error) {
	c.failed = r.IsError
	begin := len(dst)
	dst, err := protocol.AppendToolResult(dst, r)
	if err != nil {
		return dst, protocol.NewError(protocol.InternalError, "The tool's answer cannot be encoded")
	}
	if most := c.st.doc.Limits.ResponseSize; len(dst)-begin > int(most) {
		c.failed = true
		text := "The answer is larger than limits.response_size, " + most.String() + "."
		dst, _ = protocol.AppendToolResult(dst[:begin], protocol.ErrorResult(text)) // a text always encodes
	}
	return dst, nil
}
