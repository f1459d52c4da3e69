package catalog

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/hashicorp/go-hclog"
)

// How many folders are watched, and how long changes are collected before they
// are told, as programs write a file in several steps.
const (
	maxWatched = 1000
	settleTime = 100 * time.Millisecond
)

// Watch tells of changes of files and folders until the context ends. A catalog
// without any to watch, or a machine that cannot, tells nothing; the latter is
// logged.
func (c *Catalog) Watch(ctx context.Context, publish func(Changes)) {
	var watched []*resource
	for _, r := range c.resources {
		if r.path() != "" && (r.spec.Watch == nil || *r.spec.Watch) {
			watched = append(watched, r)
		}
	}
	if len(watched) == 0 {
		return
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		c.log.Warn("files are not watched", "error", err)
		return
	}
	w := &watcher{catalog: c, notify: notify, log: c.log, publish: publish, updated: map[string]bool{}}
	for _, r := range watched {
		w.add(r)
	}
	go w.run(ctx) // ends with the context
}

// watcher tells of changes of the files and folders of a catalog.
type watcher struct {
	catalog *Catalog
	notify  *fsnotify.Watcher
	log     hclog.Logger
	publish func(Changes)
	watched []place
	folders int

	// What has changed and is not told yet.
	listed  bool
	updated map[string]bool // URIs
}

// place is where a resource lies.
type place struct {
	path     string // absolute
	resource *resource
}

// add watches a resource: the folder that it is in, as files are replaced rather
// than written, and for a folder all below it.
func (w *watcher) add(r *resource) {
	path := r.path()
	if r.shipped() {
		path = filepath.Join(r.base, path)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	w.watched = append(w.watched, place{path, r})
	w.watch(filepath.Dir(path))
	if r.folder() {
		w.below(path)
	}
}

func (w *watcher) watch(dir string) {
	if w.folders == maxWatched {
		w.log.Warn("there are more folders than are watched", "watched", maxWatched)
	}
	if w.folders++; w.folders > maxWatched {
		return
	}
	if err := w.notify.Add(dir); err != nil {
		w.log.Warn("a folder is not watched", "folder", dir, "error", err)
	}
}

// below watches a folder and those in it.
func (w *watcher) below(dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			w.watch(path)
		}
		return nil // what cannot be read is not offered either
	})
}

// run collects events and tells of them when there has been none for a moment, or
// when they do not end.
func (w *watcher) run(ctx context.Context) {
	defer w.notify.Close()
	var settled, late <-chan time.Time
	for {
		select {
		case e, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if !w.take(e) {
				continue
			}
			if late == nil {
				late = time.After(10 * settleTime)
			}
			settled = time.After(settleTime)
			continue
		case err := <-w.notify.Errors:
			w.log.Warn("changes of files may have been missed", "error", err)
			continue
		case <-settled:
		case <-late:
		case <-ctx.Done():
			return
		}
		settled, late = nil, nil
		w.tell()
	}
}

// take notes what an event changes, and reports whether that is anything.
func (w *watcher) take(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	comesOrGoes := e.Has(fsnotify.Create) || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)
	any := false
	for _, p := range w.watched {
		inside, below := strings.CutPrefix(e.Name, p.path+string(filepath.Separator))
		switch {
		case e.Name == p.path && p.resource.folder():
			any, w.listed = true, true
			w.entered(e)
		case e.Name == p.path:
			any, w.updated[p.resource.uri] = true, true
		case below && p.resource.folder():
			any = w.within(p.resource, filepath.ToSlash(inside), e, comesOrGoes) || any
		}
	}
	return any
}

// within notes what an event inside of a folder changes.
func (w *watcher) within(r *resource, path string, e fsnotify.Event, comesOrGoes bool) bool {
	if w.entered(e) {
		w.listed = true
		return true
	}
	if !r.offers(path) {
		return false
	}
	w.updated[r.uriOf(path)] = true
	w.listed = w.listed || comesOrGoes
	return true
}

// entered watches a folder that has come, and reports whether it is one.
func (w *watcher) entered(e fsnotify.Event) bool {
	if !e.Has(fsnotify.Create) {
		return false
	}
	info, err := os.Stat(e.Name)
	if err != nil || !info.IsDir() {
		return false
	}
	w.below(e.Name)
	return true
}

func (w *watcher) tell() {
	changes := Changes{Resources: w.listed}
	for uri := range w.updated {
		changes.Updated = append(changes.Updated, uri)
	}
	sort.Strings(changes.Updated)
	w.listed = false
	clear(w.updated)
	w.publish(changes)
}
