package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// What may travel with one server.
const (
	shipFiles = 10_000
	shipBytes = 64 << 20
)

// shipment collects the files that travel with one server.
type shipment struct {
	files []resource.File
	bytes int64
}

// ship reads the file or folder of a resource that has a relative path, and
// rewrites the path to where it will lie beside the document: below the name of
// the resource.
func (d *decoder) ship(at *site, body *hclsyntax.Body, values map[string]cty.Value) {
	if d.files == nil {
		return
	}
	patterns, err := patternsOf(values["include"])
	if err != nil {
		d.wrong(body, "include", "%v.", err).Fix("A pattern looks like \"**/*.md\".")
		return
	}
	for _, name := range []string{"file", "folder"} {
		v := values[name]
		if v.IsNull() || body.Attributes[name] == nil {
			continue
		}
		if v.IsMarked() {
			d.wrong(body, name, "a path of files to ship cannot be sensitive.").Fix("Use nonsensitive(…) when it holds no secret.")
			continue
		}
		if !v.IsKnown() {
			if !d.diags.HasErrors() {
				d.wrong(body, name, "which files to ship must be known when planning.").Fix("Use variables and locals that do not depend on servers.")
			}
			continue
		}
		p := v.AsString()
		if filepath.IsAbs(p) {
			continue
		}
		local := d.c.world.absolute(p)
		to, err := local, error(nil)
		if name == "folder" {
			to, err = d.shipFolder(at, local, to, patterns)
		} else {
			to, err = d.shipFile(at, local, to)
		}
		if err != nil {
			d.wrong(body, name, "%v.", err).Fix("A relative path is looked up in the folder of the configuration, %s.", d.c.world.dir)
			continue
		}
		values[name] = cty.StringVal(to)
	}
}

func (d *decoder) shipFile(at *site, local, inPlace string) (string, error) {
	info, err := os.Stat(local)
	switch {
	case err != nil:
		return "", explain(err)
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder; write folder = … for it", local)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file", local)
	case d.c.opts.InPlace:
		return inPlace, nil
	}
	f, err := d.c.world.digest(local, func() (*os.File, error) { return os.Open(local) })
	if err != nil {
		return "", err
	}
	f.Path = at.label + "/" + filepath.Base(local)
	return f.Path, d.files.take(f)
}

func (d *decoder) shipFolder(at *site, local, inPlace string, patterns []string) (string, error) {
	info, err := os.Stat(local)
	switch {
	case err != nil:
		return "", explain(err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file; write file = … for it", local)
	}
	if d.c.opts.InPlace {
		return inPlace, nil
	}
	files, err := d.c.world.folder(local, patterns)
	if err != nil {
		return "", err
	}
	switch {
	case len(files) == 0 && len(patterns) > 0:
		return "", fmt.Errorf("no file in %s matches include", local)
	case len(files) == 0:
		return "", fmt.Errorf("%s holds no file to ship", local)
	}
	for _, f := range files {
		f.Path = at.label + "/" + f.Path
		if err := d.files.take(f); err != nil {
			return "", err
		}
	}
	return at.label, nil
}

func patternsOf(include cty.Value) ([]string, error) {
	switch {
	case include.IsNull():
		return nil, nil
	case include.ContainsMarked():
		return nil, errors.New("it cannot be sensitive")
	case !include.IsWhollyKnown():
		return nil, errors.New("which files to ship must be known when planning")
	}
	var patterns []string
	for _, v := range include.AsValueSlice() {
		if !doublestar.ValidatePattern(v.AsString()) {
			return nil, fmt.Errorf("%q is not a pattern", v.AsString())
		}
		patterns = append(patterns, v.AsString())
	}
	return patterns, nil
}

func (s *shipment) take(f resource.File) error {
	s.files = append(s.files, f)
	s.bytes += f.Size
	switch {
	case len(s.files) > shipFiles:
		return fmt.Errorf("the server would ship more than %d files; narrow the folder down with include, or put it on the target and give its absolute path", shipFiles)
	case s.bytes > shipBytes:
		return fmt.Errorf("the server would ship more than %d MB; narrow the folder down with include, or put it on the target and give its absolute path", shipBytes>>20)
	}
	return nil
}

func (s *shipment) finish() []resource.File {
	sort.Slice(s.files, func(i, j int) bool { return s.files[i].Path < s.files[j].Path })
	return s.files
}

// folder lists the files below dir that the patterns match, with paths relative
// to it. Without patterns it leaves out what begins with a dot; patterns reach
// such names only by naming them. A link is followed to a file inside of dir.
func (w *world) folder(dir string, patterns []string) ([]resource.File, error) {
	key := dir + "\x00" + strings.Join(patterns, "\x00")
	return remember(w, w.folders, key, func() ([]resource.File, error) { return w.walk(dir, patterns) })
}

func (w *world) walk(dir string, patterns []string) ([]resource.File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, explain(err)
	}
	defer root.Close()
	var files []resource.File
	err = fs.WalkDir(root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return explain(err)
		case p == ".":
			return nil
		case e.IsDir() && namesDot(p) && !slices.ContainsFunc(patterns, namesDot):
			return fs.SkipDir
		case e.IsDir() || !matches(patterns, p):
			return nil
		}
		info, err := root.Stat(p) // follows links, but not out of the folder
		if err != nil {
			return fmt.Errorf("%s is a link that leads nowhere or out of the folder; leave it out with include", filepath.Join(dir, p))
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		if len(files) == shipFiles {
			return fmt.Errorf("%s holds more than %d files; narrow it down with include", dir, shipFiles)
		}
		f, err := w.digest(filepath.Join(dir, p), func() (*os.File, error) { return root.Open(p) })
		f.Path = path.Clean(filepath.ToSlash(p))
		files = append(files, f)
		return err
	})
	return files, err
}

// matches says whether a file is wanted. Names that begin with a dot are wanted
// only by a pattern that names one itself.
func matches(patterns []string, p string) bool {
	if len(patterns) == 0 {
		return !namesDot(p)
	}
	for _, pattern := range patterns {
		if ok, _ := doublestar.Match(pattern, p); ok && (namesDot(pattern) || !namesDot(p)) {
			return true
		}
	}
	return false
}

func namesDot(p string) bool {
	return strings.HasPrefix(p, ".") || strings.Contains(p, "/.")
}

// digest reads a file once.
func (w *world) digest(file string, open func() (*os.File, error)) (resource.File, error) {
	return remember(w, w.digests, file, func() (resource.File, error) {
		f, err := open()
		if err != nil {
			return resource.File{}, explain(err)
		}
		defer f.Close()
		return digestOf(file, io.LimitReader(f, shipBytes+1))
	})
}
