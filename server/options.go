package server

import (
	"context"
	"io"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/catalog"
)

// Options is what a runtime needs beyond its document. The zero value serves
// documents without relative paths, and logs nothing.
type Options struct {
	// FilesDir is the folder that relative paths of the document are below.
	FilesDir string
	// Bind is an IP address to listen on in place of those in the document, which
	// in a container are where the host publishes the ports.
	Bind string
	// Tools are tools written in Go, beside those of the document.
	Tools []catalog.GoTool
	// Prompts are prompts written in Go, beside those of the document.
	Prompts []catalog.GoPrompt
	// Children are those of this process, when it adopts orphans (package backend);
	// nil when it does not.
	Children *backend.Children
	// Log is where log lines go; nil for nowhere.
	Log io.Writer
	// Digest is the SHA-256 of the document in hexadecimal, which status shows.
	Digest string
	// Load gives the document and its digest anew, for a reload that is asked for
	// over the control socket; nil when there is none to load.
	Load func(context.Context) (doc *schemas.Server, digest string, err error)
	// Succeed starts another process that is to take this server's place, by
	// [Runtime.TakeOver], and says when that has ended; nil when nobody can.
	Succeed func() (ended <-chan error, err error)
}
