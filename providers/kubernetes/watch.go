package kubernetes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

const (
	metricsTimeout = 5 * time.Second
	metricsLimit   = 4 << 20 // bytes of one pod's metrics
	// metricsPods is how many pods of a version are asked: so many tell for all.
	metricsPods = 10
)

var _ resource.Watcher = (*writer)(nil)

// Watch reads the metrics of the pods, by way of the API server. A pod of what is
// new that was started again is not well.
func (w *writer) Watch(ctx context.Context, c resource.Change) (next, now resource.Answers, err error) {
	all, err := w.podsOf(ctx, changedPods(c))
	if err != nil {
		return next, now, err
	}
	for _, p := range newest(all) {
		if t := podTrouble(p); t.grave {
			return next, now, w.unwell(ctx, c, t)
		}
	}
	ready, err := w.readyPods(ctx, changedPods(c))
	if err == nil && len(ready) == 0 && len(all) > 0 {
		err = w.unwell(ctx, c, trouble{what: "none of the new pods is ready any more", pod: all[0]})
	}
	if err != nil {
		return next, now, err
	}
	if next, err = w.answers(ctx, c, changedPods(c)); err != nil {
		return next, now, err
	}
	now, err = w.answers(ctx, c, c.Desired.GetAttr("name").AsString())
	return next, now, err
}

// answers adds up what the ready pods of that name have answered.
func (w *writer) answers(ctx context.Context, c resource.Change, name string) (resource.Answers, error) {
	doc := c.Desired.GetAttr("document")
	port, enabled := document.Setting(doc, "metrics", "port"), document.Setting(doc, "metrics", "enabled")
	if port.IsNull() || enabled.False() {
		return resource.Answers{Unknown: true}, nil
	}
	ready, err := w.readyPods(ctx, name)
	if err != nil {
		return resource.Answers{}, err
	}
	sum := resource.Answers{Unknown: true}
	for _, p := range ready[:min(len(ready), metricsPods)] {
		a, err := w.podAnswers(ctx, p, int64(document.Int(port)), document.Setting(doc, "metrics", "path").AsString())
		if err != nil {
			continue // it may be on its way out
		}
		sum.Unknown = false
		sum.Requests += a.Requests
		sum.Errors += a.Errors
	}
	return sum, nil
}

func (w *writer) podAnswers(ctx context.Context, p *unstructured.Unstructured, port int64, path string) (resource.Answers, error) {
	ctx, cancel := context.WithTimeout(ctx, metricsTimeout)
	defer cancel()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return w.forward(ctx, p, port) }}
	defer transport.CloseIdleConnections()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		return resource.Answers{}, err
	}
	r, err := transport.RoundTrip(q)
	if err != nil {
		return resource.Answers{}, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return resource.Answers{}, fmt.Errorf("metrics of pod %s: %s", p.GetName(), r.Status)
	}
	return countAnswers(io.LimitReader(r.Body, metricsLimit))
}

// countAnswers adds up the counters of the runtime in the text format of
// Prometheus.
func countAnswers(from io.Reader) (resource.Answers, error) {
	var sum resource.Answers
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		name, rest, labelled := strings.Cut(lines.Text(), "{")
		at := strings.LastIndexByte(rest, ' ')
		if !labelled || at < 0 {
			continue
		}
		n, err := strconv.ParseFloat(rest[at+1:], 64)
		if err != nil {
			continue
		}
		switch name {
		case "erlmcp_requests_total":
			sum.Requests += uint64(n)
		case "erlmcp_errors_total":
			sum.Errors += uint64(n)
		}
	}
	return sum, lines.Err()
}
