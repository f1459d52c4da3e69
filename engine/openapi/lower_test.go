package openapi

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func shop(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var everyScheme = []string{"key", "query", "cookie", "basic", "oauth"}

// TestLower compares all that is made of a document with a golden file.
func TestLower(t *testing.T) {
	got, err := Lower(shop(t), Options{Prefix: "shop_", Rename: map[string]string{"PUT /pets/{id}": "set_pet"}, Security: everyScheme, Structured: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Server != "https://eu.shop.example.com/v1" {
		t.Errorf("server %q", got.Server)
	}
	raw, err := json.MarshalIndent(got.Tools, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "shop.golden.json")
	if *update {
		if err := os.WriteFile(golden, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(raw)+"\n" {
		t.Errorf("it differs from %s; look at git diff after go test -update:\n%s", golden, raw)
	}
}

func TestWhichOperations(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a tag", Options{Include: &schemas.Operations{Tags: []string{"p*"}}}, "addPet getPet listPets"},
		{"a path", Options{Include: &schemas.Operations{Paths: []string{"/pets/*"}}, Exclude: &schemas.Operations{Tags: []string{"files"}}}, "getPet put_pets_id removePet"},
		{"an id", Options{Include: &schemas.Operations{Operations: []string{"get*", "note"}}}, "getPet note"},
		{"a method", Options{Include: &schemas.Operations{Methods: []string{"GET"}}, Exclude: &schemas.Operations{Operations: []string{"report"}}}, "getPet listPets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Security = everyScheme
			got, err := Lower(shop(t), c.o)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, tool := range got.Tools {
				names = append(names, tool.Name)
			}
			if strings.Join(names, " ") != c.want {
				t.Errorf("tools %v, want %s", names, c.want)
			}
		})
	}
}

func TestWhatCannotBecomeTools(t *testing.T) {
	paths := func(operation string) string {
		return `{"openapi":"3.1.0","paths":{"/a/{x}":{"get":` + operation + `}}}`
	}
	for _, c := range []struct{ name, document, want string }{
		{"no document", "][", "neither JSON nor YAML"},
		{"another version", `{"openapi":"4.0.0"}`, `its version is "4.0.0"`},
		{"Swagger", `{"swagger":"2.0"}`, "convert it to OpenAPI 3"},
		{"nothing in it", `{"openapi":"3.1.0","paths":{}}`, "no operation that is chosen"},
		{"a parameter that is not described", paths(`{}`), `GET /a/{x}: its path names the parameter "x", which is not described`},
		{"a reference out of it", paths(`{"parameters":[{"$ref":"other.yaml#/x"}]}`), "leads out of the document"},
		{"a reference to nowhere", paths(`{"parameters":[{"$ref":"#/components/parameters/x"}]}`), "leads nowhere"},
		{"a circle", `{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`, "leads in a circle"},
		{"an object in the path", paths(`{"parameters":[{"name":"x","in":"path","schema":{"type":"object"}}]}`), "objects in a path"},
		{"an object of any parameters", paths(`{"parameters":[{"name":"x","in":"path","schema":{}},{"name":"q","in":"query","schema":{"type":"object"}}]}`), "would let a call add any parameter"},
		{"no credentials", `{"openapi":"3.1.0","security":[{"k":[]}],"paths":{"/a":{"get":{}}},"components":{"securitySchemes":{"k":{"type":"apiKey"}}}}`, `it needs credentials for k; write security "k" { token = … }`},
		{"two of one name", `{"openapi":"3.1.0","paths":{"/a":{"get":{"operationId":"x"},"put":{"operationId":"x"}}}}`, "GET /a and PUT /a would both be the tool x"},
		{"a body of an unknown kind", `{"openapi":"3.1.0","paths":{"/a":{"post":{"requestBody":{"content":{"multipart/mixed":{}}}}}}}`, "its body has no media type that is known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Lower(c.document, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if _, err := Lower(shop(t), Options{Security: everyScheme, Rename: map[string]string{"listPet": "x"}}); err == nil || !strings.Contains(err.Error(), `rename names "listPet"`) {
		t.Errorf("%v", err)
	}
}

// TestSchemasOf31 keeps what JSON Schema has and OpenAPI 3.0 has not.
func TestSchemasOf31(t *testing.T) {
	got, err := Lower(`{"openapi":"3.1.1","servers":[{"url":"https://x.example.com"}],"paths":{"/a":{"post":{"operationId":"a","requestBody":{"content":{"application/json":{"schema":
		{"$ref":"#/components/schemas/T","description":"beside it"}}}}}}},
		"components":{"schemas":{"T":{"type":["object","null"],"properties":{"c":{"const":1},"n":{"exclusiveMinimum":3},"any":true},"if":{"required":["c"]},"then":{"required":["n"]}}}}}`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"$defs":{"T":{"if":{"required":["c"]},"properties":{"any":true,"c":{"const":1},"n":{"exclusiveMinimum":3}},"then":{"required":["n"]},"type":["object","null"]}},` +
		`"additionalProperties":false,"properties":{"body":{"$ref":"#/$defs/T","description":"beside it"}},"type":"object"}`
	if got.Tools[0].Spec.InputSchema != want {
		t.Errorf("%s", got.Tools[0].Spec.InputSchema)
	}
}

func FuzzLower(f *testing.F) {
	raw, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(`{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`)
	f.Add(`{"openapi":"3.0.0","paths":{"/a":{"get":{"parameters":[{"name":"","in":"query"},null,3]}}},"security":[3]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Lower(text, Options{Security: everyScheme, Structured: true})
		if err != nil {
			return
		}
		for _, tool := range r.Tools {
			if rule := schemas.LabelName.Check(tool.Name); rule != "" {
				t.Errorf("the name %q: %s", tool.Name, rule)
			}
		}
	})
}
