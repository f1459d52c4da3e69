package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/erlmcp/erlmcp/providers/artifact"
)

// Where things are in the container, and who runs there.
const (
	Program      = "/erlmcpd"
	ConfigFolder = "/etc/erlmcp"
	RunFolder    = "/run/erlmcp" // for the control socket; nothing is kept there
	DataFolder   = "/.data"      // folders of the server's user, of which volumes take over owner and mode
	UserID       = 65532         // its group has the same number
	user         = "65532:65532"
)

// LabelRuntime is the label of an image that holds the SHA-256 of the erlmcpd
// inside. It bears no other of erlmcp's labels, since its content must not depend
// on whose it is.
const LabelRuntime = "dev.erlmcp.runtime"

// Image is the runtime as a container image. The same binary gives the same
// digest.
type Image struct {
	// Digest is that of the image's configuration, "sha256:…". It does not depend
	// on how layers are compressed, and is what an engine calls the image's ID.
	Digest string
	Layer  string // digest of the one layer, uncompressed
	image  v1.Image
}

// Build makes the image of a runtime.
func Build(runtime *artifact.Binary) (*Image, error) {
	fail := func(err error) (*Image, error) {
		return nil, fmt.Errorf("make the image for linux/%s: %w", runtime.Arch, err)
	}
	program, err := runtime.Bytes()
	if err != nil {
		return fail(err)
	}
	files, err := layer(program)
	if err != nil {
		return fail(err)
	}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		Architecture: runtime.Arch,
		OS:           "linux",
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{Program},
			User:       user,
			Labels: map[string]string{
				"org.opencontainers.image.title": "erlmcp runtime",
				LabelRuntime:                     runtime.SHA256,
			},
		},
	})
	if err != nil {
		return fail(err)
	}
	// Uncompressed: engines take it so, and the bytes do not depend on an encoder.
	l := static.NewLayer(files, types.DockerUncompressedLayer)
	if img, err = mutate.AppendLayers(img, l); err != nil {
		return fail(err)
	}
	digest, err := img.ConfigName()
	if err != nil {
		return fail(err)
	}
	diff, err := l.DiffID()
	if err != nil {
		return fail(err)
	}
	return &Image{Digest: digest.String(), Layer: diff.String(), image: img}, nil
}

// Write writes the image as the archive that an engine loads, under that name
// ("erlmcp/runtime:local").
func (i *Image) Write(w io.Writer, reference string) error {
	tag, err := name.NewTag(reference)
	if err != nil {
		return fmt.Errorf("write image %s: %w", reference, err)
	}
	if err := tarball.Write(tag, i.image, w); err != nil {
		return fmt.Errorf("write image %s: %w", reference, err)
	}
	return nil
}

// layer is the archive of the image's files, in fixed order and without times.
// The folders are there for their owners: a volume takes over those of the
// folder that it is mounted on.
func layer(program []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(program) + 8<<10)
	w := tar.NewWriter(&b)
	for _, e := range []struct {
		name     string
		mode     int64
		uid, gid int
		content  []byte
	}{
		{"erlmcpd", 0o755, 0, 0, program},
		{"etc/", 0o755, 0, 0, nil},
		{"etc/erlmcp/", 0o750, 0, UserID, nil},
		{"run/", 0o755, 0, 0, nil},
		{"run/erlmcp/", 0o700, UserID, UserID, nil},
		{".data/", 0o755, 0, 0, nil},
		{".data/certificates/", 0o700, UserID, UserID, nil},
		{".data/receipts/", 0o700, UserID, UserID, nil},
	} {
		h := &tar.Header{Name: e.name, Mode: e.mode, Uid: e.uid, Gid: e.gid, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if e.content == nil {
			h.Typeflag = tar.TypeDir
		} else {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.content))
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
