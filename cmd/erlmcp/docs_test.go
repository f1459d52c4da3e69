package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/server"
)

var (
	snippets  = regexp.MustCompile("(?s)```hcl\n(.*?)```")
	topLevel  = regexp.MustCompile(`(?m)^(erlmcp|variable|locals|target|server|output|check)\b`)
	variables = regexp.MustCompile(`\bvar\.(\w+)`)
)

// petstore is the OpenAPI document that the guide mentions.
const petstore = `{"openapi": "3.1.0", "paths": {"/pets/{petId}": {"get": {"tags": ["pets"], "security": [{"api_key": []}],
	"parameters": [{"name": "petId", "in": "path", "schema": {"type": "string"}}]}}},
	"components": {"securitySchemes": {"api_key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}}`

// TestEverySnippetIsValid loads each piece of HCL in the README and the guides. A
// piece that begins inside a server is put into one; variables and files that it
// mentions are supplied.
func TestEverySnippetIsValid(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ERLMCP_RUNTIME", self) // any file will do: nothing is shipped
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range snippets.FindAllStringSubmatch(string(text), -1) {
			found++
			checkSnippet(t, filepath.Base(page), m[1])
		}
	}
	if found < 10 {
		t.Errorf("only %d snippets were found", found)
	}
}

func checkSnippet(t *testing.T, page, snippet string) {
	t.Helper()
	source := snippet
	if !topLevel.MatchString(snippet) {
		source = "target \"sim\" \"world\" {}\nserver \"sample\" {\n  target = target.sim.world\n" + snippet
		if strings.Contains(snippet, `"runbooks"`) && !strings.Contains(snippet, "resource ") {
			source += "\nresource \"runbooks\" { text = \"x\" }\n"
		}
		source += "}\n"
	}
	declared := map[string]bool{}
	for _, v := range variables.FindAllStringSubmatch(source, -1) {
		if !declared[v[1]] && !strings.Contains(source, `variable "`+v[1]+`"`) {
			source += "\nvariable \"" + v[1] + "\" { default = \"xxxxxxxxxxxxxxxx\" }\n"
		}
		declared[v[1]] = true
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"main.mcp.hcl": source, "terms.md": "x", "logo.png": "x", "docs/a.md": "x", "forecast.schema.json": `{"type": "object"}`,
		"petstore.yaml": petstore,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(source, "certs/") {
		if err := makeCertificates(filepath.Join(dir, "certs"), []string{"localhost"}, "client", time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	opts := config.Options{Targets: targetSchemas(), Check: server.Check, Environ: []string{"ERLMCP_VAR_weather_key=x"}}
	conf, diags := config.Load(dir, opts)
	if err := diags.Err(); err != nil {
		t.Errorf("%s:\n%s\n%v", page, source, err)
		return
	}
	if err := lowers(conf); err != nil {
		t.Errorf("%s:\n%s\n%v", page, source, err)
	}
}
