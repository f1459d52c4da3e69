package image

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/providers/artifact"
)

// binary is a runtime to make images of: any Linux executable will do, and the
// test's own is one.
func binary(t *testing.T) *artifact.Binary {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(artifact.Environment, self)
	b, err := artifact.Runtime(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImageIsTheSameWhenMadeTwice(t *testing.T) {
	b := binary(t)
	var archives [2]bytes.Buffer
	var digests [2]string
	for i := range archives {
		img, err := Build(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := img.Write(&archives[i], "erlmcp/runtime:test"); err != nil {
			t.Fatal(err)
		}
		digests[i] = img.Digest
	}
	if digests[0] != digests[1] || !strings.HasPrefix(digests[0], "sha256:") {
		t.Errorf("digests %s and %s", digests[0], digests[1])
	}
	if !bytes.Equal(archives[0].Bytes(), archives[1].Bytes()) {
		t.Error("the archives differ")
	}
	if !bytes.Contains(archives[0].Bytes(), []byte(`"erlmcp/runtime:test"`)) {
		t.Error("the archive does not name the image as asked")
	}
}

func TestLayerHoldsTheProgramAndFoldersOnly(t *testing.T) {
	files, err := layer([]byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	r := tar.NewReader(bytes.NewReader(files))
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 0 {
			t.Errorf("%s has the time %s", h.Name, h.ModTime)
		}
		got = append(got, filepath.Join("/", h.Name)+" "+h.FileInfo().Mode().String())
	}
	want := "/erlmcpd -rwxr-xr-x, /etc drwxr-xr-x, /etc/erlmcp drwxr-x---, /run drwxr-xr-x, /run/erlmcp drwx------, /.data drwxr-xr-x, /.data/certificates drwx------, /.data/receipts drwx------"
	if strings.Join(got, ", ") != want {
		t.Errorf("layer holds %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func BenchmarkBuild(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv(artifact.Environment, self)
	bin, err := artifact.Runtime(runtime.GOARCH)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Build(bin); err != nil {
			b.Fatal(err)
		}
	}
}
