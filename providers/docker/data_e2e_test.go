//go:build e2e

package docker

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// place is where the engine, which runs here, keeps a volume of the server.
func (w *world) place(part string) string {
	w.Helper()
	v, err := w.api.VolumeInspect(w.Context(), w.target["prefix"].AsString()+"-local-weather.eu"+dataSuffix+part, client.VolumeInspectOptions{})
	if err != nil {
		w.Fatal(err)
	}
	if got := v.Volume.Labels[LabelLineage]; got != w.owner.Lineage {
		w.Errorf("the volume is labelled as of %q", got)
	}
	return v.Volume.Mountpoint
}

// private fails the test unless the folder is the server's user's alone.
func private(t *testing.T, folder string) {
	t.Helper()
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if of := info.Sys().(*syscall.Stat_t); of.Uid != userID || of.Gid != userID || info.Mode().Perm() != 0o700 {
		t.Errorf("%s is of %d:%d and mode %o", folder, of.Uid, of.Gid, info.Mode().Perm())
	}
}

// removeAll deletes an instance, and checks that no volume is left.
func (w *world) removeAll(in resource.Instance) {
	w.Helper()
	w.remove(in)
	l, err := w.api.VolumeList(w.Context(), client.VolumeListOptions{Filters: client.Filters{}.Add("label", LabelLineage+"="+w.owner.Lineage)})
	if err != nil || len(l.Items) > 0 {
		w.Errorf("volumes left: %v %v", l.Items, err)
	}
}

func TestDataOutlivesItsContainer(t *testing.T) {
	w := newWorld(t)
	var in resource.Instance
	first := ""
	for range 2 {
		port := freePort(t)
		in = w.instance(onPort(port, `,"tool":{"hello":{"static":{"text":"Hello!"}}},"receipts":{"folder":"/var/lib/receipts","sign_every":"100ms"}`))
		w.apply(in)
		if w.id() == first {
			t.Fatal("the container is the same")
		}
		first = w.id()
		r, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/mcp", port), "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello"}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	private(t, w.place("receipts"))
	files, err := filepath.Glob(filepath.Join(w.place("receipts"), "receipts-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Errorf("files of receipts: %v %v", files, err)
	}

	// Removed from outside, it is missed.
	id, volume := w.id(), filepath.Base(filepath.Dir(w.place("receipts")))
	if _, err := w.api.ContainerRemove(t.Context(), id, client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.api.VolumeRemove(t.Context(), volume, client.VolumeRemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, r := range w.read(in) {
		if part := w.lower(in)[i].Address.Part; (part == "receipts" || part == "container") == r.Exists {
			t.Errorf("%s: exists = %v", part, r.Exists)
		}
	}
	w.apply(in)
	private(t, w.place("receipts"))
	w.removeAll(in)
}

func TestStorageOfCertificatesIsTheServers(t *testing.T) {
	w := newWorld(t)
	in := w.instance(onPort(freePort(t), `,"tls":{"acme":{"domains":["a.example.com"],"directory":"https://127.0.0.1:1/dir","storage":"/var/lib/acme","challenge":"http-01","http_port":`+fmt.Sprint(freePort(t))+`}}`))
	w.apply(in) // that the authority does not answer ends no server; that it cannot write its folder does
	private(t, w.place("certificates"))
	w.removeAll(in)
}
