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
	stdio := flags.Bool("stdio", false, "serve one client over standard input and output, and open no port")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "erlmcpd: run takes no arguments, only flags; there is %q\n", flags.Arg(0))
		return 2
	}
	doc, digest, err := load(*document)
	if err != nil {
		return fail(err)
	}
	if *files == "" {
		*files = filepath.Join(filepath.Dir(*document), schemas.FilesFolder)
	}
	if *files, err = filepath.Abs(*files); err != nil {
		return fail(fmt.Errorf("find the folder of files: %w", err))
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory.Limit(int64(doc.Limits.Memory)) / 10 * 9) // the rest is for what Go does not count
	}
	bringRoots()
	if err := backend.AdoptOrphans(); err != nil {
		return fail(err)
	}
	rt, err := server.New(doc, server.Options{
		FilesDir: *files, Bind: *bind, Log: os.Stderr, Digest: digest,
		Load: func(context.Context) (*schemas.Server, string, error) { return load(*document) },
	})
	if err != nil {
		return fail(err)
	}
	if *stdio {
		rt.ServeStdio(os.Stdin, os.Stdout)
		if err := rt.Stop(); err != nil {
			return fail(err)
		}
		return 0
	}
	if err := serve(rt, *socket); err != nil {
		return fail(err)
	}
	return 0
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

// serve runs the server with its control socket until a signal, or until it is
// stopped over the socket. A second signal does not wait for calls in progress.
func serve(rt *server.Runtime, socket string) error {
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	reopen := make(chan os.Signal, 1)
	signal.Notify(reopen, syscall.SIGUSR1)
	if err := rt.Start(); err != nil {
		return err
	}
	if socket != "" {
		s, err := control.Serve(socket, rt.Control())
		if err != nil {
			rt.Stop()
			return err
		}
		defer s.Close()
	}
	debug.FreeOSMemory() // what loading has left is of no more use
	for {
		select {
		case <-hangup:
			if err := rt.Control().Reload(context.Background()); err != nil {
				fail(fmt.Errorf("reload: %w", err))
			}
		case <-reopen:
			if err := rt.ReopenLogs(); err != nil {
				fail(err)
			}
		case <-stop:
			go func() { <-stop; rt.Abort() }() // ends with the process
			return rt.Stop()
		case <-rt.Stopped():
			return nil
		}
	}
}
