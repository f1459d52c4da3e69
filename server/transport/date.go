package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// date is the Date header of answers (RFC 9110, section 6.6.1), made once a second.
type date struct{ last atomic.Pointer[dated] }

type dated struct {
	second int64
	values []string // not to be changed
}

func (d *date) now() []string {
	now := time.Now()
	last := d.last.Load()
	if last == nil || last.second != now.Unix() {
		last = &dated{now.Unix(), []string{now.UTC().Format(http.TimeFormat)}}
		d.last.Store(last)
	}
	return last.values
}
