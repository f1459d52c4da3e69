package remote_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// memory is a place with a clock of its own.
type memory struct {
	mu      sync.Mutex
	objects map[string]remote.Object
	writes  int
	lock    remote.Lock
	locked  time.Time
	ahead   time.Duration
}

func newMemory() *memory { return &memory{objects: map[string]remote.Object{}} }

// pass lets time pass, for the place and nobody else.
func (m *memory) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead += d
}

func (m *memory) now() time.Time { return time.Now().Add(m.ahead) }

func (m *memory) version() string {
	m.writes++
	return strconv.Itoa(m.writes)
}

func (m *memory) Read(_ context.Context, name string) (*remote.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.objects[name]; ok {
		return &o, nil
	}
	return nil, nil
}

func (m *memory) Write(_ context.Context, name string, data []byte, version string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects[name].Version != version {
		return "", remote.ErrConflict
	}
	o := remote.Object{Data: slices.Clone(data), Version: m.version()}
	m.objects[name] = o
	return o.Version, nil
}

func (m *memory) Remove(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

func (m *memory) Names(_ context.Context, folder string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name := range m.objects {
		if strings.HasPrefix(name, folder) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (m *memory) ReadLock(context.Context) (remote.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lock
	l.Age = m.now().Sub(m.locked)
	return l, nil
}

func (m *memory) WriteLock(_ context.Context, l remote.Lock) (remote.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lock.Version != l.Version {
		return remote.Lock{}, remote.ErrConflict
	}
	l.Version, l.Age = m.version(), 0
	m.lock, m.locked = l, m.now()
	return l, nil
}

func (m *memory) Path(name string) string        { return "memory:" + name }
func (m *memory) Restore(from, to string) string { return "Copy " + from + " to " + to + "." }
