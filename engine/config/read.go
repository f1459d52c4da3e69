package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas/expr"
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
	if d := unreadable(file, src); d != nil {
		return nil, diag.List{d}
	}
	f, hd := hclsyntax.ParseConfig(src, file, hcl.InitialPos)
	diags := diag.FromHCL(hd)
	if f == nil {
		return nil, diags
	}
	body, _ := f.Body.(*hclsyntax.Body)
	if body != nil {
		expr.Finite(body)
	}
	return body, diags
}

// depthLimit bounds how deep brackets may nest: the parser recurses.
const depthLimit = 1000

// unreadable says why a file must not be given to the parser, or nil.
func unreadable(file string, src []byte) *diag.Diagnostic {
	if d := notText(file, src); d != nil {
		return d
	}
	return tooDeep(file, src)
}

// notText finds what the parser would complain of byte by byte.
func notText(file string, src []byte) *diag.Diagnostic {
	utf16 := bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff})
	at := bytes.IndexByte(src, 0)
	if at < 0 && !utf8.Valid(src) {
		for at = 0; at < len(src); {
			r, n := utf8.DecodeRune(src[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
	}
	if at < 0 && !utf16 {
		return nil
	}
	d := diag.Errorf("Not a text file", "%s is not UTF-8 text.", file).At(placeAt(file, src, max(at, 0)))
	d.NoSource = true
	if utf16 {
		return d.Fix("It looks like UTF-16: save it as UTF-8.")
	}
	return d.Fix("Save it as UTF-8, or give it another name if it is no configuration.")
}

// placeAt is the place of a byte of a file.
func placeAt(file string, src []byte, at int) *diag.Range {
	lead := src[:at]
	line := bytes.Count(lead, []byte{'\n'}) + 1
	column := utf8.RuneCount(lead[bytes.LastIndexByte(lead, '\n')+1:]) + 1
	start := diag.Pos{Line: line, Column: column, Byte: at}
	end := diag.Pos{Line: line, Column: column + 1, Byte: at + 1}
	return &diag.Range{File: file, Start: start, End: end}
}

// tooDeep counts brackets without regard to strings and comments, which is exact
// enough for a limit that nobody's own file comes near.
func tooDeep(file string, src []byte) *diag.Diagnostic {
	depth := 0
	for i, b := range src {
		switch b {
		case '(', '[', '{':
			if depth++; depth > depthLimit {
				return diag.Errorf("Brackets nest too deep", "More than %d brackets are open here.", depthLimit).
					At(placeAt(file, src, i)).Fix("Close those that are left open, or take the value apart with locals.")
			}
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return nil
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
