package server

import (
	"context"
	"errors"
	"slices"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

func toolsCall(c *call, dst []byte) ([]byte, *protocol.Error) {
	name, err := c.m.Text("name")
	if err != nil {
		return dst, err
	}
	tool := c.catalog().Tool(name)
	if tool == nil {
		return dst, protocol.NewError(protocol.InvalidParams, "Unknown tool: %s", name)
	}
	c.tool = name
	if err := c.scoped(auth.Tool, name); err != nil {
		return dst, err
	}
	args, err := c.arguments()
	if err != nil {
		return dst, err
	}
	if c.version.Modern() {
		if c.x.Header != nil {
			err = tool.CheckHeaders(c.x.Header, args)
		}
		if err == nil {
			err = c.readRounds(name)
		}
		if err != nil {
			return dst, err
		}
	}
	if wrong := tool.Check(args); wrong != nil {
		if !c.version.InputErrorsAreResults() {
			return dst, protocol.NewError(protocol.InvalidParams, "Invalid arguments for tool %s: %v", name, wrong)
		}
		return c.result(dst, protocol.ErrorResult("Invalid arguments: "+wrong.Error()))
	}
	result, failed := c.carryOut(tool, args)
	return c.toolAnswer(dst, result, failed)
}

// carryOut calls the tool, as a task where the tool asks for that.
func (c *call) carryOut(tool *catalog.Tool, args map[string]any) (*protocol.ToolResult, error) {
	c.line = newLine(c)
	ctx := dialogue.With(c.ctx, c.line)
	if tool.Task == catalog.TaskNever {
		return tool.Call(ctx, args)
	}
	work := func(ctx context.Context) (*protocol.ToolResult, error) { return tool.Call(ctx, args) }
	switch {
	case tool.Task == catalog.TaskOptional:
		return c.line.Background(ctx, work)
	case c.line.Can()&protocol.CanTask == 0:
		return nil, protocol.MissingCapability(protocol.CanTask)
	}
	if err := c.begin(work); err != nil {
		return nil, overloaded()
	}
	return nil, nil
}

// toolAnswer appends what came of a tool: a result, the task that it goes on as,
// questions to the client, or an error.
func (c *call) toolAnswer(dst []byte, result *protocol.ToolResult, failed error) ([]byte, *protocol.Error) {
	if c.task != nil {
		if failed != nil {
			c.task.Cancel()
		} else {
			return c.task.Append(c.era().BeginResult(dst[:0], c.m.ID, protocol.TaskCreated)), nil
		}
	}
	var missing *protocol.Error
	switch {
	case failed == nil && result != nil:
		return c.result(dst, result)
	case errors.Is(failed, dialogue.ErrInputRequired) && c.rounds.asks():
		return c.inputRequired(dst, c.tool)
	case c.late():
		return c.result(dst, protocol.ErrorResult(c.interrupted().Message+"."))
	case c.ctx.Err() != nil:
		return dst, c.interrupted()
	case shortOf(failed):
		return dst, c.short()
	case !c.version.Modern() && errors.As(failed, &missing) && missing.Code == protocol.MissingClientCapability:
		return c.result(dst, protocol.ErrorResult(missing.Message+".")) // a code that its era does not know
	}
	if failed == nil {
		failed = errors.New("it has neither a result nor an error")
	}
	if err := c.rt.toolError(c.tool, failed); err != nil {
		return dst, err
	}
	return c.result(dst, protocol.ErrorResult(failed.Error()))
}

// result appends what a tool answered, or that it is too large.
func (c *call) result(dst []byte, r *protocol.ToolResult) ([]byte, *protocol.Error) {
	c.failed = r.IsError
	if size := protocol.ToolResultSize(r); size > int(c.st.doc.Limits.ResponseSize) {
		return c.tooLarge(dst), nil
	} else if size > protocol.Large {
		if !c.x.Hold.Reach(size) {
			return dst, c.short()
		}
		dst = slices.Grow(dst, size+protocol.Large)
	}
	begin := len(dst)
	dst, err := protocol.AppendToolResult(dst, r)
	if err != nil {
		return dst, protocol.NewError(protocol.InternalError, "The tool's answer cannot be encoded")
	}
	if len(dst)-begin > int(c.st.doc.Limits.ResponseSize) {
		return c.tooLarge(dst[:begin]), nil
	}
	return dst, nil
}

// tooLarge appends that the answer is too large.
func (c *call) tooLarge(dst []byte) []byte {
	c.failed = true
	text := "The answer is larger than limits.response_size, " + c.st.doc.Limits.ResponseSize.String() + "."
	dst, _ = protocol.AppendToolResult(dst, protocol.ErrorResult(text)) // a text always encodes
	return dst
}
