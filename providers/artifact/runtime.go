package artifact

import (
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/erlmcp/erlmcp/diag"
)

// Environment is the variable that names an erlmcpd to ship.
const Environment = "ERLMCP_RUNTIME"

// Runtime finds the erlmcpd for Linux on the architecture goarch: the embedded
// one, else the file that ERLMCP_RUNTIME names, else the file erlmcpd beside
// the running executable. The error is a [diag.Diagnostic].
func Runtime(goarch string) (*Binary, error) {
	if b, err := fromEmbedded(goarch); b != nil || err != nil {
		return b, err
	}
	if path := os.Getenv(Environment); path != "" {
		b, err := fromFile(path, goarch)
		if err != nil {
			return nil, diag.Errorf("The runtime cannot be used", "%s names %s: %s", Environment, path, diag.Sentence(err)).
				Fix("Set it to an erlmcpd that was built for linux/%s.", goarch)
		}
		return b, nil
	}
	beside := "the erlmcp executable"
	if self, err := os.Executable(); err == nil {
		beside = filepath.Join(filepath.Dir(self), "erlmcpd")
		switch b, err := fromFile(beside, goarch); {
		case err == nil:
			return b, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, diag.Errorf("The runtime cannot be used", "%s: %s", beside, diag.Sentence(err)).
				Fix("Build it for linux/%s, or set %s to one that was.", goarch, Environment)
		}
	}
	return nil, diag.Errorf("The runtime is missing",
		"This erlmcp was built without the embedded erlmcpd for linux/%s, %s is not set, and there is no %s.", goarch, Environment, beside).
		Fix("Build erlmcp with `make build`, or set %s to an erlmcpd for linux/%s.", Environment, goarch)
}

// fromFile reads an erlmcpd and checks that it can run on Linux on goarch.
func fromFile(path, goarch string) (*Binary, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, errors.New("it is not a Linux executable")
	}
	machines := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}
	if built := machines[f.Machine]; built != goarch {
		return nil, fmt.Errorf("it is built for %s, not for %s", cmp.Or(built, f.Machine.String()), goarch)
	}
	read := func() ([]byte, error) { return os.ReadFile(path) }
	return &Binary{Arch: goarch, SHA256: digest(content), Size: int64(len(content)), read: read}, nil
}
