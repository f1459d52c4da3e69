// Command pack compresses an erlmcpd into the form that erlmcp embeds.
//
//	pack IN OUT
package main

import (
	"fmt"
	"os"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/providers/artifact/internal/packed"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack IN OUT")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
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
