//go:build e2e

package docker

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func onPort(port int, more string) string {
	return fmt.Sprintf(`{"name":"weather","listen":{"port":%d},"metrics":{"enabled":false}%s}`, port, more)
}

// seen is what is read of the container.
func (w *world) seen(in resource.Instance) cty.Value {
	w.Helper()
	for i, d := range w.lower(in) {
		if d.Address.Part == "container" {
			return w.read(in)[i].Values
		}
	}
	w.Fatal("there is no container among the resources")
	return cty.NilVal
}

// answers fails the test unless the server is well at the port.
func (w *world) answers(port int) {
	w.Helper()
	if got := w.get(fmt.Sprintf("http://127.0.0.1:%d/health", port)); !strings.Contains(got, "healthy") {
		w.Errorf("health = %s", got)
	}
}

// count is how many containers there are of the owner.
func (w *world) count() int {
	w.Helper()
	l, err := w.api.ContainerList(w.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", LabelLineage+"="+w.owner.Lineage)})
	if err != nil {
		w.Fatal(err)
	}
	return len(l.Items)
}

func TestWhatCannotBeStartedLeavesTheOldServerAlone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := freePort(t)
	w := newWorld(t)
	before := w.apply(w.instance(onPort(port, "")))["container"]
	id := w.id()

	other := newWorld(t)
	other.target["prefix"] = cty.StringVal("erlmcp-other")
	otherPort := freePort(t)
	other.apply(other.instance(onPort(otherPort, "")))

	missing := map[string]cty.Value{"prefix": w.target["prefix"], "network": cty.StringVal("erlmcp-no-such-network")}
	for _, c := range []struct {
		name string
		in   resource.Instance
		want string
	}{
		{"a port of a program", w.instance(onPort(taken.Addr().(*net.TCPAddr).Port, "")), "port in use"},
		{"a port of another container", w.instance(onPort(otherPort, "")), "the container erlmcp-other-"},
		{"a network that is missing", instance(t, onPort(port, ""), missing), "no such network"},
		{"more processors than there are", w.instance(onPort(port, `,"limits":{"cpu":4096}`)), "more processors"},
		{"more processors, on another port", w.instance(onPort(freePort(t), `,"limits":{"cpu":4096}`)), "more processors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := w.tryApply(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if w.id() != id || w.count() != 1 {
				t.Errorf("the container is another, or one of %d", w.count())
			}
			if now := w.seen(w.instance(onPort(port, ""))); !now.RawEquals(before) {
				t.Errorf("it is %#v\nand was %#v", now, before)
			}
			w.answers(port)
		})
	}
}

func TestAReplacementThatFailsIsTakenBack(t *testing.T) {
	port := freePort(t)
	w := newWorld(t)
	before := w.apply(w.instance(onPort(port, ""), file(t, "a.txt", "content")))["container"]
	_, err := w.tryApply(w.instance(onPort(freePort(t), `,"tls":{"certificate":"none","key":"none"}`)))
	if err == nil || !strings.Contains(err.Error(), "does not become healthy") || !strings.Contains(err.Error(), "runs again as it did before") {
		t.Errorf("error = %v", err)
	}
	if n := w.count(); n != 1 {
		t.Errorf("there are %d containers", n)
	}
	if now := w.seen(w.instance(onPort(port, ""))); !now.RawEquals(before) {
		t.Errorf("it is %#v\nand was %#v", now, before)
	}
	w.answers(port)
}

func TestLimitsAreTakenBack(t *testing.T) {
	port := freePort(t)
	w := newWorld(t)
	before := w.apply(w.instance(onPort(port, "")))["container"]
	_, err := w.tryApply(w.instance(onPort(port, `,"limits":{"memory":"7MB"},"tls":{"certificate":"none","key":"none"}`)))
	if err == nil {
		t.Error("it was applied")
	}
	// The kernel refuses a limit below what is in use, unless it can reclaim enough.
	refused := strings.Contains(err.Error(), "Nothing of the server was changed")
	if strings.Count(err.Error(), "Its log ends with") > 1 || !refused && !strings.Contains(err.Error(), "runs again as it did before") {
		t.Errorf("error = %v", err)
	}
	if now := w.seen(w.instance(onPort(port, ""))); !now.RawEquals(before) {
		t.Errorf("it is %#v\nand was %#v", now, before)
	}
	w.answers(port)
}

func TestMoreMemoryHealsAServerThatHadTooLittle(t *testing.T) {
	port := freePort(t)
	w := newWorld(t)
	if _, err := w.tryApply(w.instance(onPort(port, `,"limits":{"memory":"6MB"}`))); err == nil {
		t.Fatal("it runs with 6 MB")
	}
	w.apply(w.instance(onPort(port, "")))
	w.answers(port)
}

// A replacement that was cut off leaves two containers with one address.
func TestACutOffReplacementIsTakenUp(t *testing.T) {
	port := freePort(t)
	w := newWorld(t)
	in := w.instance(onPort(port, ""))
	w.apply(in)
	name := w.target["prefix"].AsString() + "-local-weather.eu"
	for _, c := range []struct {
		name string
		cut  [][]string
	}{
		{"once the old one was renamed", [][]string{{"rename", name, name + aside}}},
		{"once the new one was made", [][]string{{"rename", name, name + aside}, nil}},
		{"once the old one was stopped", [][]string{{"rename", name, name + aside}, nil, {"stop", name + aside}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, command := range c.cut {
				if command == nil {
					command = []string{"create", "--name", name, "--label", LabelLineage + "=" + w.owner.Lineage,
						"--label", LabelAddress + "=server.weather[\"eu\"]@docker.local/container", ""}
					if out, err := exec.Command("docker", "inspect", "-f", "{{.Image}}", name+aside).Output(); err == nil {
						command[len(command)-1] = strings.TrimSpace(string(out))
					}
				}
				if out, err := exec.Command("docker", command...).CombinedOutput(); err != nil {
					t.Fatalf("docker %v: %v: %s", command, err, out)
				}
			}
			if now := w.seen(in); now.GetAttr("name").AsString() != name+aside {
				t.Errorf("the container that is seen is %#v", now.GetAttr("name"))
			}
			w.apply(in)
			if n := w.count(); n != 1 {
				t.Errorf("there are %d containers", n)
			}
			if now := w.seen(in); now.GetAttr("name").AsString() != name || now.GetAttr("running").False() {
				t.Errorf("it is %#v", now)
			}
			w.answers(port)
		})
	}
}

func TestAForgottenStateIsNamed(t *testing.T) {
	w := newWorld(t)
	in := w.instance(onPort(freePort(t), ""))
	w.apply(in)
	writer, err := w.provider.OpenWriter(t.Context(), in.Target, resource.Owner{Lineage: "another"})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for _, d := range w.lower(in) {
		if d.Type == NetworkType || d.Type == VolumeType {
			_, err = writer.Create(t.Context(), resource.Change{Address: d.Address, Type: d.Type, Desired: d.Values, Progress: func(string) {}})
			w.namesTheState(err)
		}
	}
}

func (w *world) namesTheState(err error) {
	w.Helper()
	for _, want := range []string{"Perhaps that state was lost", ".erlmcp", "docker network rm", w.owner.Lineage} {
		if err == nil || !strings.Contains(err.Error(), want) {
			w.Errorf("error = %v, want %q", err, want)
		}
	}
}

// The engine cannot rename a container that ends again and again.
func TestAContainerThatCannotRunIsReplaced(t *testing.T) {
	w := newWorld(t)
	if _, err := w.tryApply(w.instance(onPort(freePort(t), `,"tls":{"certificate":"none","key":"none"}`))); err == nil {
		t.Fatal("it runs")
	}
	port := freePort(t)
	w.apply(w.instance(onPort(port, "")))
	if n := w.count(); n != 1 {
		t.Errorf("there are %d containers", n)
	}
	w.answers(port)
}
