package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas/expr"
)

// Functions are the functions of the language, for documentation. Those that
// look at this machine look at the current folder and have no environment.
func Functions() map[string]function.Function {
	all := newWorld(".", nil).functions()
	for name := range refused {
		delete(all, name)
	}
	return all
}

// refused are functions that users of other tools expect, and that would make
// each plan different.
var refused = map[string]string{
	"timestamp":     "the time of day",
	"plantimestamp": "the time of day",
	"uuid":          "a random value",
	"bcrypt":        "a random value",
}

// functions are the pure functions and those that look at this machine.
func (w *world) functions() map[string]function.Function {
	all := map[string]function.Function{}
	for name, f := range expr.Functions() {
		all[name] = f
	}
	for name, f := range w.fileFunctions() {
		all[name] = f
	}
	for name, f := range w.pathFunctions() {
		all[name] = f
	}
	all["env"] = w.env()
	all["templatefile"] = w.templateFile(all)
	for name, why := range refused {
		all[name] = refuse(name, why)
	}
	return all
}

func pathParam() function.Parameter {
	return function.Parameter{Name: "path", Type: cty.String}
}

// onPath makes a function of one path.
func onPath(description string, result cty.Type, f func(path string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Description: description,
		Params:      []function.Parameter{pathParam()},
		Type:        function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return v, nil
		},
	})
}

func (w *world) fileFunctions() map[string]function.Function {
	return map[string]function.Function{
		"file": onPath("The content of a file, which must be text in UTF-8. A relative path is in the configuration's folder.", cty.String, func(p string) (cty.Value, error) {
			b, err := w.read(p)
			if err != nil {
				return cty.NilVal, err
			}
			if !utf8.Valid(b) {
				return cty.NilVal, fmt.Errorf("%s is not text in UTF-8; use filebase64", w.absolute(p))
			}
			return cty.StringVal(string(b)), nil
		}),
		"filebase64": onPath("The content of a file in base64.", cty.String, func(p string) (cty.Value, error) {
			b, err := w.read(p)
			return cty.StringVal(base64.StdEncoding.EncodeToString(b)), err
		}),
		"filesha256": onPath("The SHA-256 of a file's content, in hex.", cty.String, func(p string) (cty.Value, error) {
			b, err := w.read(p)
			sum := sha256.Sum256(b)
			return cty.StringVal(hex.EncodeToString(sum[:])), err
		}),
		"fileexists": onPath("Whether there is a regular file at a path.", cty.Bool, func(p string) (cty.Value, error) {
			info, err := os.Stat(w.absolute(p))
			if errors.Is(err, fs.ErrNotExist) {
				return cty.False, nil
			}
			if err != nil {
				return cty.NilVal, explain(err)
			}
			return cty.BoolVal(info.Mode().IsRegular()), nil
		}),
		"fileset": w.fileSet(),
	}
}

func (w *world) fileSet() function.Function {
	return function.New(&function.Spec{
		Description: "The files in a folder whose path matches a pattern, such as \"**/*.md\"; paths relative to the folder.",
		Params:      []function.Parameter{pathParam(), {Name: "pattern", Type: cty.String}},
		Type:        function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			dir, pattern := w.absolute(args[0].AsString()), args[1].AsString()
			if !doublestar.ValidatePattern(pattern) {
				return cty.NilVal, function.NewArgErrorf(1, "%q is not a pattern; one looks like \"**/*.md\"", pattern)
			}
			if info, err := os.Stat(dir); err != nil {
				return cty.NilVal, function.NewArgError(0, explain(err))
			} else if !info.IsDir() {
				return cty.NilVal, function.NewArgErrorf(0, "%s is not a folder", dir)
			}
			found, err := doublestar.Glob(os.DirFS(dir), pattern, doublestar.WithFilesOnly(), doublestar.WithNoFollow())
			if err != nil {
				return cty.NilVal, fmt.Errorf("list %s: %w", dir, err)
			}
			if len(found) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			names := make([]cty.Value, len(found))
			for i, f := range found {
				names[i] = cty.StringVal(filepath.ToSlash(f))
			}
			return cty.SetVal(names), nil
		},
	})
}

func (w *world) pathFunctions() map[string]function.Function {
	plain := func(f func(string) string) func(string) (cty.Value, error) {
		return func(p string) (cty.Value, error) { return cty.StringVal(f(p)), nil }
	}
	return map[string]function.Function{
		"abspath":  onPath("The absolute form of a path. A relative path is in the configuration's folder.", cty.String, plain(w.absolute)),
		"basename": onPath("The last part of a path.", cty.String, plain(filepath.Base)),
		"dirname":  onPath("A path without its last part.", cty.String, plain(filepath.Dir)),
		"pathexpand": onPath("A path with a leading ~ replaced by the home folder.", cty.String, func(p string) (cty.Value, error) {
			if p != "~" && !strings.HasPrefix(p, "~/") {
				return cty.StringVal(p), nil
			}
			home := w.environ["HOME"]
			if home == "" {
				return cty.NilVal, errors.New("HOME is not set, so the home folder is not known")
			}
			return cty.StringVal(filepath.Join(home, p[1:])), nil
		}),
	}
}

func (w *world) env() function.Function {
	return function.New(&function.Spec{
		Description: "The value of an environment variable of the command, or the second argument when it is not set.",
		Params:      []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam:    &function.Parameter{Name: "default", Type: cty.String, AllowNull: true},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, errors.New("env takes a name and at most one default")
			}
			if v, ok := w.environ[args[0].AsString()]; ok {
				return cty.StringVal(v), nil
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set; set it, or give a default: env(%q, \"…\")", args[0].AsString(), args[0].AsString())
		},
	})
}

// templateFile renders a file as a template. Inside of it all functions exist but
// itself, so that rendering ends.
func (w *world) templateFile(all map[string]function.Function) function.Function {
	inside := make(map[string]function.Function, len(all))
	for name, f := range all {
		inside[name] = f
	}
	return function.New(&function.Spec{
		Description: "The content of a file with ${…} and %{…} in it evaluated; the second argument is an object of what they can mention.",
		Params:      []function.Parameter{pathParam(), {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, vars := args[0].AsString(), args[1]
			if t := vars.Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.NilVal, function.NewArgErrorf(1, "it must be an object or a map, not %s", nameOf(t))
			}
			src, err := w.read(p)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			v, err := render(w.absolute(p), src, &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: inside})
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return v, nil
		},
	})
}

func render(file string, src []byte, ctx *hcl.EvalContext) (cty.Value, error) {
	if d := tooDeep(file, src); d != nil {
		return cty.NilVal, d
	}
	t, hd := hclsyntax.ParseTemplate(src, file, hcl.InitialPos)
	if hd.HasErrors() {
		return cty.NilVal, inFile(hd)
	}
	if ctx.Variables == nil {
		ctx.Variables = map[string]cty.Value{}
	}
	expr.Finite(t)
	v, hd := t.Value(ctx)
	if hd.HasErrors() {
		return cty.NilVal, inFile(hd)
	}
	if v.IsNull() || v.Type() != cty.String && v.Type() != cty.DynamicPseudoType {
		return cty.NilVal, fmt.Errorf("the template %s does not give text", file)
	}
	return v, nil
}

// inFile is the first error inside of a template file, to stand in a sentence.
func inFile(hd hcl.Diagnostics) error {
	for _, d := range diag.FromHCL(hd) {
		if d.Severity == diag.Error && d.Range != nil {
			return fmt.Errorf("at %s, %s", d.Range, strings.TrimSuffix(d.Detail, "."))
		}
	}
	return errors.New(strings.TrimSuffix(hd.Error(), "."))
}

func refuse(name, why string) function.Function {
	return function.New(&function.Spec{
		Description: "Not available: a plan must come out the same each time.",
		VarParam:    &function.Parameter{Name: "arguments", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
		Type:        function.StaticReturnType(cty.String),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			return cty.NilVal, fmt.Errorf("%s gives %s, which would make each plan different; use a variable and set it with -var", name, why)
		},
	})
}
