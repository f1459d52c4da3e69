package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/control"
	"github.com/erlmcp/erlmcp/server/memory"
)

// maxDocument is the largest runtime document that is read.
const maxDocument = 64 << 20

// run serves a document until it is told to stop.
func run(args []string) int {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	document := flags.String("document", schemas.DocumentName, "runtime document")
	files := flags.String("files", "", "folder that relative paths of the document are below (default: \"files\" beside the document)")
	socket := flags.String("control", "", "path of the control socket (default: none)")
	bind := flags.String("bind", "", "IP address to listen on in place of those in the document, for containers")
	takeOver := flags.Bool("take-over", false, "take the place of the server that answers on the control socket: its ports, sessions and connections")
	supervised := flags.Bool("supervised", false, "descriptor 3 is a socket to a supervisor, which can start a successor")
	stdio := flags.Bool("stdio", false, "serve one client over standard input and output, and open no port")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "erlmcpd: run takes no arguments, only flags; there is %q\n", flags.Arg(0))
		return 2
	}
	if *takeOver && *socket == "" {
		fmt.Fprintln(os.Stderr, "erlmcpd: run -take-over needs -control")
		return 2
	}
	s := serving{document: *document, files: *files, socket: *socket, bind: *bind, args: args}
	if *supervised {
		s.supervisor = newSupervisorLink()
	}
	var err error
	if *takeOver {
		err = s.succeed()
	} else {
		err = s.run(*stdio)
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

// serving is what the command line says of the server to run.
type serving struct {
	document, files, socket, bind string
	args                          []string        // of the command
	supervisor                    *supervisorLink // nil without one
	children                      *backend.Children
}

// build loads the document and builds its server.
func (s *serving) build() (*server.Runtime, error) {
	doc, digest, err := load(s.document)
	if err != nil {
		return nil, err
	}
	files := s.files
	if files == "" {
		files = filepath.Join(filepath.Dir(s.document), schemas.FilesFolder)
	}
	if files, err = filepath.Abs(files); err != nil {
		return nil, fmt.Errorf("find the folder of files: %w", err)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory.ForGo(memory.Limit(int64(doc.Limits.Memory))))
	}
	bringRoots()
	if s.children, err = backend.AdoptOrphans(); err != nil {
		return nil, err
	}
	rt, err := server.New(doc, server.Options{
		FilesDir: files, Bind: s.bind, Children: s.children, Log: os.Stderr, Digest: digest, Succeed: s.starter(),
		Load: func(context.Context) (*schemas.Server, string, error) { return load(s.document) },
	})
	debug.FreeOSMemory() // what loading has left is of no more use
	releaseStart()
	return rt, err
}

func (s *serving) run(stdio bool) error {
	rt, err := s.build()
	if err != nil {
		return err
	}
	if stdio {
		rt.ServeStdio(os.Stdin, os.Stdout)
		return rt.Stop()
	}
	if err := rt.Start(); err != nil {
		return err
	}
	told := listen() // before anybody hears that the server is there
	if s.socket == "" {
		return serve(rt, told)
	}
	c, err := control.Serve(s.socket, rt.Control())
	if err != nil {
		rt.Stop()
		return err
	}
	defer c.Close()
	return serve(rt, told)
}

// load reads and checks a document, changes it as the environment says, and gives
// the SHA-256 of the file.
func load(path string) (*schemas.Server, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("read runtime document: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return nil, "", fmt.Errorf("read runtime document: %w", err)
	}
	if len(data) > maxDocument {
		return nil, "", fmt.Errorf("read runtime document: %s is larger than %s", path, schemas.Size(maxDocument))
	}
	doc, err := schemas.Parse(data)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	if err := server.Override(doc, os.Getenv); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(data)
	return doc, hex.EncodeToString(sum[:]), nil
}

// signals are those that a server listens to.
type signals struct{ stop, hangup, reopen chan os.Signal }

func listen() signals {
	s := signals{stop: make(chan os.Signal, 2), hangup: make(chan os.Signal, 1), reopen: make(chan os.Signal, 1)}
	signal.Notify(s.stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Notify(s.hangup, syscall.SIGHUP)
	signal.Notify(s.reopen, syscall.SIGUSR1)
	return s
}

// serve waits for the end of a server that has started: by a signal, or over its
// control socket. A second signal does not wait for calls in progress.
func serve(rt *server.Runtime, told signals) error {
	paceCollections()
	for {
		select {
		case <-told.hangup:
			if err := rt.Control().Reload(context.Background()); err != nil {
				fail(fmt.Errorf("reload: %w", err))
			}
		case <-told.reopen:
			if err := rt.ReopenLogs(); err != nil {
				fail(err)
			}
		case <-told.stop:
			go func() { <-told.stop; rt.Abort() }() // ends with the process
			return rt.Stop()
		case <-rt.Stopped():
			return nil
		}
	}
}
