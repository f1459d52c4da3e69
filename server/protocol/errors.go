package protocol

import (
	"fmt"
	"slices"
)

// Error codes. The first block is JSON-RPC 2.0's, the second MCP's (2026-07-28,
// basic, "Error Codes"; -32002 only of legacy versions), the third erlmcp's own:
// outside the reserved range, and equal to the HTTP status that goes with them.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	MethodNotFound = -32601
	InvalidParams  = -32602
	InternalError  = -32603

	HeaderMismatch          = -32020
	MissingClientCapability = -32021
	UnsupportedVersion      = -32022
	ResourceNotFound        = -32002

	Unauthorized = 401 // who asks is not known
	Forbidden    = 403 // who asks may not
	RateLimited  = 429 // data.retryAfterMs says when to come back
	Overloaded   = 503 // too many calls wait already, or the server is stopping
)

// Error is a JSON-RPC error; Data is any value that encodes as JSON, or nil.
type Error struct {
	Code    int
	Message string
	Data    any
}

// maxMessage is the most bytes of an error's message. Messages quote what
// clients sent.
const maxMessage = 1000

// NewError returns an error without data.
func NewError(code int, format string, args ...any) *Error {
	return &Error{Code: code, Message: clip(fmt.Sprintf(format, args...), maxMessage)}
}

// Error is the message with its code, for logs.
func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// NotServed is the error for a version that is not served in the era that the
// request is of.
func NotServed(requested string, modern bool) *Error {
	supported := slices.DeleteFunc(Versions(), func(v Version) bool { return modern && !v.Modern() })
	return &Error{
		Code:    UnsupportedVersion,
		Message: "Unsupported protocol version",
		Data:    map[string]any{"supported": supported, "requested": clip(requested, maxQuote)},
	}
}
