package task

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"sync"
	"time"
)

// Table is the tasks that there are. It is safe for concurrent use.
type Table struct {
	// Changed is called with the id of a task whose status has changed. It must
	// not call the table.
	Changed func(id string)

	most  int
	bytes int64
	ttl   time.Duration
	now   func() time.Time

	mu    sync.Mutex
	tasks map[string]*Task
	order []*Task // by creation, which is the order in which they expire
	held  int64   // bytes of results
}

// NewTable returns a table of at most that many tasks, whose results hold at most
// that many bytes together; each task is kept for ttl. now is the clock.
func NewTable(most int, bytes int64, ttl time.Duration, now func() time.Time) *Table {
	return &Table{most: most, bytes: bytes, ttl: ttl, now: now, tasks: map[string]*Task{}, Changed: func(string) {}}
}

// ErrFull is the error of a table that has no room for another task.
var ErrFull = errors.New("there are too many tasks already")

// errExpired ends the work of a task that took longer than it is kept.
var errExpired = errors.New("the task took longer than tasks are kept")

// Start creates a task of the owner. Its work is to be run with the context,
// which ends when the task is cancelled or expires; [Task.Complete] or [Task.Fail]
// must follow.
func (t *Table) Start(ctx context.Context, owner string) (context.Context, *Task, error) {
	now := t.now()
	task := &Task{table: t, owner: owner, created: now, updated: now, status: Working, answered: make(chan struct{})}
	var id [16]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	task.ID = hex.EncodeToString(id[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	if len(t.tasks) >= t.most || t.held > t.bytes {
		return nil, nil, ErrFull
	}
	ctx, task.cancel = context.WithCancelCause(ctx)
	task.timer = time.AfterFunc(t.ttl, func() { task.cancel(errExpired) })
	t.tasks[task.ID] = task
	t.order = append(t.order, task)
	return ctx, task, nil
}

// Get returns the task of that id and owner, or nil.
func (t *Table) Get(id, owner string) *Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(t.now())
	if task := t.tasks[id]; task != nil && task.owner == owner {
		return task
	}
	return nil
}

// Len is how many tasks there are.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(t.now())
	return len(t.tasks)
}

// expire drops what has been kept for its time. The caller holds mu.
func (t *Table) expire(now time.Time) {
	for len(t.order) > 0 && now.Sub(t.order[0].created) > t.ttl {
		task := t.order[0]
		t.order = t.order[1:]
		delete(t.tasks, task.ID)
		task.mu.Lock()
		t.held -= int64(len(task.outcome))
		task.dropped = true
		task.mu.Unlock()
	}
}
