package main

import (
	"fmt"
	"strings"
)

// era is a generation of the protocol, and what its clients send.
type era struct {
	name    string
	headers string
	call    string
}

const said = "The quick brown fox jumps over the lazy dog"

var (
	older = era{
		name:    "2025-11-25",
		headers: "Mcp-Protocol-Version: 2025-11-25\r\n",
		call:    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + said + `"}}}`,
	}
	modern = era{
		name:    "2026-07-28",
		headers: "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n",
		call: `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + said + `"},` +
			`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`,
	}
)

const (
	initialize  = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

// post is a POST request of a message.
func post(headers, message string) []byte {
	var b strings.Builder
	b.WriteString("POST /mcp HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n")
	fmt.Fprintf(&b, "%sContent-Length: %d\r\n\r\n%s", headers, len(message), message)
	return []byte(b.String())
}

// sessionHeader is the header that names a session.
func sessionHeader(session string) string {
	if session == "" {
		return ""
	}
	return "Mcp-Session-Id: " + session + "\r\n"
}
