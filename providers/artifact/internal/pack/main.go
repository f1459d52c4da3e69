// Command pack compresses runtimes into the form that erlmcp embeds: FILE
// becomes DIR/FILE.zst.
//
//	pack -out DIR FILE...
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/providers/artifact/internal/packed"
)

func main() {
	out := flag.String("out", ".", "folder for the compressed files")
	flag.Parse()
	for _, in := range flag.Args() {
		if err := pack(in, filepath.Join(*out, filepath.Base(in)+".zst")); err != nil {
			fmt.Fprintln(os.Stderr, "pack:", err)
			os.Exit(1)
		}
	}
}

func pack(in, out string) error {
	content, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	compressed, err := packed.Encode(content)
	if err != nil {
		return err
	}
	return renameio.WriteFile(out, compressed, 0o644)
}
