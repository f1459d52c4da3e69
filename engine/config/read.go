package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/erlmcp/erlmcp/diag"
)

// Extension ends the names of configuration files.
const Extension = ".mcp.hcl"

// sourceLimit bounds one file of a configuration, in bytes.
const sourceLimit = 64 << 20

// read parses the configuration files of the folder, in the order of their names.
func (c *Configuration) read() ([]*hclsyntax.Body, diag.List) {
	names, err := namesIn(c.dir, func(name string) bool { return strings.HasSuffix(name, Extension) })
	if err != nil {
		return nil, diag.List{diag.Errorf("Cannot read the configuration", "%v.", err)}
	}
	if len(names) == 0 {
		return nil, diag.List{diag.Errorf("No configuration here", "The folder %s holds no file whose name ends in %s.", c.world.dir, Extension).
			Fix("Write one, or let \"erlmcp init\" write a starter file.")}
	}
	var bodies []*hclsyntax.Body
	var diags diag.List
	for _, name := range names {
		file := filepath.Join(c.dir, name)
		src, err := readBounded(file, sourceLimit)
		if err != nil {
			diags = append(diags, diag.Errorf("Cannot read a configuration file", "%v.", err).Fix("Check that the file is there and that you may read it."))
			continue
		}
		c.sources[file] = src
		body, ds := parse(file, src)
		diags = append(diags, ds...)
		if body != nil {
			bodies = append(bodies, body)
		}
	}
	return bodies, diags
}

func parse(file string, src []byte) (*hclsyntax.Body, diag.List) {
	if d := tooDeep(file, src); d != nil {
		return nil, diag.List{d}
	}
	f, hd := hclsyntax.ParseConfig(src, file, hcl.InitialPos)
	diags := diag.FromHCL(hd)
	if f == nil {
		return nil, diags
	}
	body, _ := f.Body.(*hclsyntax.Body)
	return body, diags
}

// depthLimit bounds how deep brackets may nest: the parser recurses.
const depthLimit = 1000

// tooDeep counts brackets without regard to strings and comments, which is exact
// enough for a limit that nobody's own file comes near.
func tooDeep(file string, src []byte) *diag.Diagnostic {
	depth, deepest := 0, 0
	for _, b := range src {
		switch b {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	if deepest <= depthLimit {
		return nil
	}
	return diag.Errorf("Brackets nest too deep", "The file %s nests brackets %d deep; %d is the limit.", file, deepest, depthLimit)
}

// namesIn lists the files of a folder that are wanted, by name. Names that begin
// with a dot are editors' own and never wanted.
func namesIn(dir string, wanted func(string) bool) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, explain(err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && wanted(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, explain(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, explain(err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", file)
	}
	src, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, explain(err)
	}
	if int64(len(src)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", file, limit)
	}
	return src, nil
}

// explain says what a user needs of an error of the file system.
func explain(err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist", p.Path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("you may not read %s", p.Path)
	}
	return fmt.Errorf("%s: %w", p.Path, p.Err)
}
