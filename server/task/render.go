package task

import (
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// PollInterval is how often clients are asked to ask at most.
const PollInterval = 500 * time.Millisecond

// Append appends the members of the task as a new one is announced (the Tasks
// extension, "Task"). dst is in the middle of an object.
func (t *Task) Append(dst []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.brief(dst)
}

// AppendDetailed appends the members of the task with what belongs to its status:
// open questions, result or error ("DetailedTask").
func (t *Task) AppendDetailed(dst []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	dst = t.brief(dst)
	switch t.status {
	case InputRequired:
		dst = protocol.AppendInputRequests(dst, t.open)
	case Completed:
		dst = append(protocol.Field(dst, "result"), t.outcome...)
	case Failed:
		dst = append(protocol.Field(dst, "error"), t.outcome...)
	}
	return dst
}

func (t *Task) brief(dst []byte) []byte {
	dst = protocol.AppendString(protocol.Field(dst, "taskId"), t.ID)
	dst = protocol.AppendString(protocol.Field(dst, "status"), string(t.status))
	if t.message != "" {
		dst = protocol.AppendString(protocol.Field(dst, "statusMessage"), t.message)
	}
	dst = appendTime(protocol.Field(dst, "createdAt"), t.created)
	dst = appendTime(protocol.Field(dst, "lastUpdatedAt"), t.updated)
	dst = strconv.AppendInt(protocol.Field(dst, "ttlMs"), t.table.ttl.Milliseconds(), 10)
	return strconv.AppendInt(protocol.Field(dst, "pollIntervalMs"), PollInterval.Milliseconds(), 10)
}

func appendTime(dst []byte, at time.Time) []byte {
	return append(at.UTC().AppendFormat(append(dst, '"'), "2006-01-02T15:04:05.000Z"), '"')
}
