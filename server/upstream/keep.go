package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// How long the pauses between tries to connect are, and how long a connection
// must have stood for the pauses to begin anew.
const (
	firstPause = 250 * time.Millisecond
	longest    = 30 * time.Second
	steady     = 10 * time.Second
)

// settleTime is how long changes of definitions are collected before they are
// asked for, as they are told one list at a time.
const settleTime = 50 * time.Millisecond

// keep keeps up the connection until the context ends.
func (u *Upstream) keep() {
	defer close(u.gone)
	pause := firstPause
	for first := true; ; first = false {
		begun := time.Now()
		l, err := u.connect()
		u.note(l, err)
		if first {
			close(u.tried)
		}
		if err == nil {
			u.env.Changed()
			err = u.stay(l)
			u.note(nil, err)
			u.abandonAll(l, err)
			l.close()
		}
		if u.ctx.Err() != nil {
			return
		}
		if time.Since(begun) > steady {
			pause = firstPause
		}
		u.log.Warn("not connected", "reason", err, "again_in", pause)
		if !u.wait(pause + rand.N(pause/2)) {
			return
		}
		pause = min(2*pause, longest)
	}
}

// wait reports whether the context is still there after a while.
func (u *Upstream) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-u.ctx.Done():
		return false
	}
}

// connect makes a connection and asks what is offered.
func (u *Upstream) connect() (*link, error) {
	ctx, cancel := context.WithTimeout(u.ctx, time.Duration(u.spec.StartTimeout))
	defer cancel()
	l, err := u.dial(ctx)
	if err != nil {
		return nil, u.late(ctx, err)
	}
	if err := l.define(ctx); err != nil {
		l.close()
		return nil, u.late(ctx, l.explain(err))
	}
	l.listen(ctx)
	u.subscribeAgain(ctx, l)
	return l, nil
}

// late says so when there was no more time.
func (u *Upstream) late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("it did not say what it offers within start_timeout, " + time.Duration(u.spec.StartTimeout).String())
	}
	return err
}

// stay sees to a connection until it is lost, and says why.
func (u *Upstream) stay(l *link) error {
	u.log.Info("connected", "tools", len(u.Offer().Tools), "resources", len(u.Offer().Resources), "prompts", len(u.Offer().Prompts))
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		select {
		case <-l.lost:
			return l.why
		case <-u.ctx.Done():
			return errors.New("it is not used any more")
		case <-alive.C:
			l.probe()
		case <-u.stale:
			if !u.wait(settleTime) {
				continue
			}
			drained(u.stale)
			u.redefine(l)
		}
	}
}

// drained takes out what is waiting.
func drained(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// redefine asks for the definitions of a connection anew.
func (u *Upstream) redefine(l *link) {
	ctx, cancel := context.WithTimeout(u.ctx, time.Duration(u.spec.StartTimeout))
	defer cancel()
	if err := l.define(ctx); err != nil {
		u.log.Warn("its definitions have changed and cannot be read", "reason", l.explain(err))
		return
	}
	u.note(l, nil)
	u.env.Changed()
}

// note keeps how the upstream is.
func (u *Upstream) note(l *link, why error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.link, u.why = l, why
	if l != nil {
		u.offer = l.offer
	}
}

// Subscribe has the upstream tell of changes of a resource, on this connection
// and those to come. It is not undone: others may want to hear of it.
func (u *Upstream) Subscribe(uri string) {
	const most = 1000
	u.mu.Lock()
	known := u.subscribed[uri] || len(u.subscribed) >= most
	if !known {
		u.subscribed[uri] = true
	}
	l := u.link
	u.mu.Unlock()
	if known || l == nil {
		return
	}
	ctx, cancel := context.WithTimeout(u.ctx, time.Duration(u.spec.Timeout))
	go func() { // ends with the timeout
		defer cancel()
		l.subscribe(ctx, uri)
	}()
}

func (u *Upstream) subscribeAgain(ctx context.Context, l *link) {
	u.mu.Lock()
	uris := make([]string, 0, len(u.subscribed))
	for uri := range u.subscribed {
		uris = append(uris, uri)
	}
	u.mu.Unlock()
	for _, uri := range uris {
		l.subscribe(ctx, uri)
		u.env.Updated(uri) // it may have changed unheard
	}
}
