//go:build embed_runtime

package artifact

import "testing"

func TestEmbeddedRuntimes(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			b, err := Runtime(arch)
			if err != nil {
				t.Fatal(err)
			}
			content, err := b.Bytes()
			if err != nil || b.Arch != arch || b.Size != int64(len(content)) {
				t.Errorf("binary %+v has %d bytes, %v", b, len(content), err)
			}
		})
	}
}

func BenchmarkRuntime(b *testing.B) {
	for b.Loop() {
		if _, err := Runtime("amd64"); err != nil {
			b.Fatal(err)
		}
	}
}
