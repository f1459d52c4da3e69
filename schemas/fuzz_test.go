package schemas_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

// FuzzParse loads documents that may be anything. One that is taken holds up: it
// is checked without a panic, and what is written of it is taken again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"name":"s"}`, `{"name":"s","listen":{"port":0,"hosts":["a"]},"limits":{"memory":"64MB","call_timeout":"1s"}}`,
		`{"name":"s","tool":{"t":{"static":{"text":"${input.x}"},"input":{"x":{"type":"string"}}}}}`,
		`{"name":"s","auth":{"bearer":{"a":{"sha256":"00"}},"allow":[{"tools":["*"]}]}}`,
		`{"name":"s","tls":{"certificate_file":"/a","key_file":"/b"}}`, `{"name":"s","name":"t"}`, `{"name":1}`, `[]`, `{"name":"s"}x`,
		`{"name":"s","resource":{"r":{"folder":"d","include":["**"]}},"sensitive":["/tls/key"]}`,
	} {
		f.Add([]byte(seed))
	}
	examples, _ := filepath.Glob("testdata/*.json")
	for _, path := range examples {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := schemas.Parse(data)
		if err != nil {
			return
		}
		doc.Check()
		again, err := json.Marshal(doc)
		if err != nil {
			t.Fatalf("a document that was taken cannot be written: %v", err)
		}
		if _, err := schemas.Parse(again); err != nil {
			t.Fatalf("what was written of a document is not taken again: %v\n%s", err, again)
		}
	})
}
