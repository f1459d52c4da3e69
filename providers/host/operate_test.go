package host

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// logged is a server's folder with a log in it, and who looks after it.
func logged(t *testing.T, text string) (o *operator, k resource.Key, log string) {
	t.Helper()
	o = &operator{&machine{root: t.TempDir(), owner: resource.Owner{Lineage: "l"}}}
	k = resource.Key{Address: address.Resource{Server: address.Server{Name: "a"}, Target: address.Target{Kind: "host", Name: "h"}, Part: "process"}, Prior: cty.NilVal}
	f := o.planned(k)
	if err := o.claim(f, k.Address, cty.NilVal); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.log(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return o, k, f.log()
}

func TestTheTailOfALog(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 99)+"\n", 2000)
	for name, tc := range map[string]struct {
		text string
		tail int
		want string
	}{
		"all":                        {"a\nb\nc\n", -1, "a\nb\nc\n"},
		"none":                       {"a\nb\nc\n", 0, ""},
		"the last":                   {"a\nb\nc\n", 1, "c\n"},
		"two":                        {"a\nb\nc\n", 2, "b\nc\n"},
		"more than there are":        {"a\nb\nc\n", 9, "a\nb\nc\n"},
		"a last line without an end": {"a\nb\nc", 2, "b\nc"},
		"empty lines":                {"a\n\n\n", 2, "\n\n"},
		"an empty log":               {"", 3, ""},
		"more than a block":          {long, 1999, long[100:]},
	} {
		t.Run(name, func(t *testing.T) {
			o, k, _ := logged(t, tc.text)
			var b strings.Builder
			if err := o.Logs(context.Background(), k, "", resource.LogRequest{Tail: tc.tail}, &b); err != nil {
				t.Fatal(err)
			}
			if b.String() != tc.want {
				t.Errorf("got %d bytes, want %d", b.Len(), len(tc.want))
			}
		})
	}
}

func TestALogIsFollowedWhenItIsMovedAside(t *testing.T) {
	o, k, log := logged(t, "one\n")
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Logs(ctx, k, "", resource.LogRequest{Tail: -1, Follow: true}, w); w.Close() }()
	next := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		read := make(chan error, 1)
		go func() { _, err := io.ReadFull(r, got); read <- err }()
		select {
		case err := <-read:
			if err != nil || string(got) != want {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q does not come", want)
		}
	}
	next("one\n")
	add := func(path, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	add(log, "two\n")
	next("two\n")
	if err := os.Rename(log, filepath.Join(filepath.Dir(log), "old")); err != nil {
		t.Fatal(err)
	}
	add(log, "three\n")
	next("three\n")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
