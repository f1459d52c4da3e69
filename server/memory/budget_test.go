package memory

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

const megabyte = 1 << 20

func TestABudgetIsNeverOverdrawnAndComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBudget(64 * megabyte)
		var holds []*Hold
		t.Repeat(map[string]func(*rapid.T){
			"hold":    func(*rapid.T) { holds = append(holds, b.Hold()) },
			"connect": func(*rapid.T) { b.Connect() },
			"take": func(t *rapid.T) {
				if len(holds) > 0 {
					holds[rapid.IntRange(0, len(holds)-1).Draw(t, "of")].Take(rapid.IntRange(0, 100_000).Draw(t, "n"))
				}
			},
			"drop": func(t *rapid.T) {
				if len(holds) > 0 {
					holds[rapid.IntRange(0, len(holds)-1).Draw(t, "of")].Drop()
				}
			},
			"release": func(t *rapid.T) {
				if len(holds) > 0 {
					h := holds[rapid.IntRange(0, len(holds)-1).Draw(t, "of")]
					h.Release()
					if !h.Take(1000) || h.held.Load() != released {
						t.Fatal("a hold that was released holds something")
					}
				}
			},
			"": func(t *rapid.T) {
				if b.Share() > 1 {
					t.Fatalf("%v of the budget are held", b.Share())
				}
			},
		})
		for _, h := range holds {
			h.Release()
		}
		for b.connections.Load() > 0 {
			b.Disconnect()
		}
		if b.used.Load() != 0 {
			t.Fatalf("%d bytes are held by nobody", b.used.Load())
		}
	})
}

func TestOneRequestWaitsForRoom(t *testing.T) {
	b := NewBudget(64 * megabyte)
	first, second, third := b.Hold(), b.Hold(), b.Hold()
	half := int(b.Most()/2) + 1
	if !first.Take(half) {
		t.Fatal("there is no room at the start")
	}
	var wg sync.WaitGroup
	waited := make(chan bool, 1)
	wg.Go(func() { waited <- second.Take(half) })
	for b.elder.Load() != second { // spins until it waits
	}
	if third.Take(half) {
		t.Error("two requests wait, or there is room for three halves")
	}
	first.Release()
	if !<-waited {
		t.Error("the request that waited got nothing when there was room")
	}
	wg.Wait()
	second.Release()
	if b.elder.Load() != nil || b.used.Load() != 0 {
		t.Errorf("something is left: %v, %d", b.elder.Load(), b.used.Load())
	}
}

func TestWhatCanNeverFitDoesNotWait(t *testing.T) {
	b := NewBudget(64 * megabyte)
	h := b.Hold()
	if h.Take(int(b.Most())+1) || b.elder.Load() != nil {
		t.Error("it was taken, or waits")
	}
	if !h.Take(int(b.Most())) {
		t.Error("the largest message does not fit")
	}
}

func TestConnectionsLeaveRoomForRequests(t *testing.T) {
	b := NewBudget(64 * megabyte)
	n := 0
	for b.Connect() {
		n++
	}
	if n == 0 || b.Share() > .76 || b.Share() < .7 {
		t.Errorf("%d connections hold %v of the budget", n, b.Share())
	}
}

func TestNoBudgetIsNoBound(t *testing.T) {
	var b *Budget
	h := b.Hold()
	if h != nil || !h.Take(1<<40) || !b.Connect() || b.Share() != 0 {
		t.Error("nil is not without bound")
	}
	h.Must(1)
	h.Answer(1)
	h.Drop()
	h.Release()
	b.Disconnect()
}

func TestWhatGoMayUse(t *testing.T) {
	for _, c := range []struct {
		name        string
		limit, want int64
	}{
		{"of much, nine tenths", 1000 * megabyte, 900 * megabyte},
		{"of little, what the program leaves", 64 * megabyte, 50 * megabyte},
		{"of very little, three quarters", 16 * megabyte, 12 * megabyte},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ForGo(c.limit); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestLimitOfAControlGroup(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no control groups":           {nil, 1000},
		"version 2":                   {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "500\n"}, 500},
		"version 2, of the one above": {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "400\n"}, 400},
		"version 2, in a container":   {map[string]string{"proc/self/cgroup": "0::/docker/x\n", "sys/fs/cgroup/memory.max": "300\n"}, 300},
		"version 1":                   {map[string]string{"proc/self/cgroup": "3:cpu:/x\n2:memory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "200\n"}, 200},
		"version 1, without a bound":  {map[string]string{"proc/self/cgroup": "2:memory:/a\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n"}, 1000},
		"what is no file of the kind": {map[string]string{"proc/self/cgroup": "rubbish\n\n::\n"}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for path, text := range c.files {
				path = filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := limitBelow(root, 1000); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
