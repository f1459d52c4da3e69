package docker

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/engine/resource"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestDeliveryIsReadBack(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	d := newDelivery(&b)
	for _, err := range []error{
		d.folder("files"),
		d.file(resource.File{Path: "docs/a.md", Source: source, SHA256: emptySHA256}),
		d.content("server.json", []byte("{}")),
		d.content(loadedName, []byte(loadedYes)),
		d.w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := readArchive(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := contents{document: []byte("{}"), files: map[string]string{"docs/a.md": emptySHA256}, loaded: true}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(contents{})); diff != "" {
		t.Error(diff)
	}
}

func TestDeliveryRefusesAFileThatChanged(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := newDelivery(&bytes.Buffer{}).file(resource.File{Path: "a", Source: source, SHA256: emptySHA256, Size: 5})
	if err == nil || !strings.Contains(err.Error(), "has changed since the plan was made") {
		t.Errorf("error = %v", err)
	}
}
