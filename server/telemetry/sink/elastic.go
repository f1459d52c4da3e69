package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// ElasticOptions say where Elasticsearch is and what lines go there.
type ElasticOptions struct {
	URL     string // of the cluster
	Index   string // index or data stream
	Headers map[string]string
	Client  *http.Client
	Flush   time.Duration // longest time that a line waits for others
	Buffer  int64         // bytes that wait at the most
	Timeout time.Duration // for one request
	// Failed hears of lines that were refused, or that cannot be sent for now, and
	// of nil when they can again. Those lines must not come back here.
	Failed func(error)
}

const (
	bulkBytes  = 1 << 20 // of a request, about
	bulkLines  = 1000
	bulkAnswer = 4 << 20 // bytes of an answer that are read
)

type elastic struct {
	ElasticOptions
	action []byte
	queue  *queue
	failed bool
}

// ToElastic returns a sink that sends lines, as JSON, to the bulk API of
// Elasticsearch. They go many at once, wait while it does not answer, and are
// dropped when there are too many of them.
func ToElastic(level hclog.Level, o ElasticOptions) *Sink {
	index, _ := json.Marshal(o.Index) // a string always has a JSON
	e := &elastic{ElasticOptions: o, action: []byte(`{"create":{"_index":` + string(index) + "}}\n")}
	e.queue = newQueue(o.Buffer, e.serve)
	return written(level, true, e)
}

// Write queues one line.
func (e *elastic) Write(line []byte) (int, error) {
	e.queue.put(0, line)
	return len(line), nil
}

// Close sends what is queued, if that does not take long.
func (e *elastic) Close() error { return e.queue.Close() }

func (e *elastic) serve(q *queue) {
	for {
		select {
		case m := <-q.messages:
			lines, open := e.gather(q, m)
			if !e.deliver(q, lines) || !open {
				return
			}
		case <-q.quit:
			select {
			case m := <-q.messages:
				lines, _ := e.gather(q, m)
				e.deliver(q, lines)
			default:
			}
			return
		}
	}
}

// gather takes along what comes soon after the first line. open is false when the
// queue is closed.
func (e *elastic) gather(q *queue, first message) (lines [][]byte, open bool) {
	lines = [][]byte{first.text}
	size := len(first.text)
	wait := time.NewTimer(e.Flush)
	defer wait.Stop()
	for size < bulkBytes && len(lines) < bulkLines {
		select {
		case m := <-q.messages:
			lines, size = append(lines, m.text), size+len(m.text)
		case <-wait.C:
			return lines, true
		case <-q.quit:
			for len(q.messages) > 0 {
				lines = append(lines, (<-q.messages).text)
			}
			return lines, false
		}
	}
	return lines, true
}

// deliver sends lines until none is left that it pays to send again; false when
// the queue was closed before.
func (e *elastic) deliver(q *queue, lines [][]byte) bool {
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	defer q.took(size)
	if lost := q.lost(); lost != "" {
		e.Failed(errors.New(lost))
	}
	return q.insist(func() (err error) {
		lines, err = e.post(lines)
		if (err != nil) != e.failed {
			e.failed = err != nil
			e.Failed(err)
		}
		return err
	})
}

// post sends lines and returns those that are to be sent again, with the reason.
func (e *elastic) post(lines [][]byte) ([][]byte, error) {
	var body bytes.Buffer
	for _, l := range lines {
		body.Write(e.action)
		body.Write(bytes.TrimRight(l, "\n"))
		body.WriteByte('\n')
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(e.URL, "/")+"/_bulk", &body)
	if err != nil {
		return nil, nil // the vocabulary has refused such a URL
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	response, err := e.Client.Do(r)
	if err != nil {
		return lines, errors.New("Elasticsearch does not answer")
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, bulkAnswer))
	if err != nil {
		return lines, errors.New("Elasticsearch broke off its answer")
	}
	switch code := response.StatusCode; {
	case code == http.StatusBadRequest || code == http.StatusRequestEntityTooLarge:
		e.Failed(fmt.Errorf("%d log lines were refused: Elasticsearch answers with status %d", len(lines), code))
		return nil, nil
	case code != http.StatusOK: // to be put right there, or in the document
		return lines, fmt.Errorf("Elasticsearch answers with status %d", code)
	}
	return e.refused(lines, answer)
}

// refused reads the answer: lines that there was no room for are to be sent
// again, others that were refused are lost.
func (e *elastic) refused(lines [][]byte, answer []byte) ([][]byte, error) {
	var bulk struct {
		Errors bool `json:"errors"`
		Items  []map[string]struct {
			Status int `json:"status"`
			Error  struct {
				Type string `json:"type"`
			} `json:"error"`
		} `json:"items"`
	}
	if json.Unmarshal(answer, &bulk) != nil || !bulk.Errors {
		return nil, nil
	}
	var again [][]byte
	lost, why := 0, ""
	for i, item := range bulk.Items {
		for _, it := range item {
			switch {
			case i >= len(lines) || it.Status < 400:
			case it.Status == http.StatusTooManyRequests || it.Status >= 500:
				again = append(again, lines[i])
			default:
				lost, why = lost+1, it.Error.Type
			}
		}
	}
	if lost > 0 {
		e.Failed(fmt.Errorf("%d log lines were refused: %s", lost, why))
	}
	if len(again) > 0 {
		return again, errors.New("Elasticsearch has no room for some lines")
	}
	return nil, nil
}
