package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// sizeLimit bounds an answer, in bytes.
const sizeLimit = 64 << 20

// api asks an API server, and learns its clock from the answers.
type api struct {
	client *http.Client
	base   *url.URL
	ahead  atomic.Int64 // of this machine's clock, in nanoseconds
}

// now is the time by the API server's clock, to a second.
func (a *api) now() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) }

// refusal is an answer that is not a success.
type refusal struct {
	code    int
	message string
}

func (r *refusal) Error() string { return r.message }

func isCode(err error, code int) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == code
}

// metadataOnly asks for lists of objects without what they hold.
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// do sends one request; in and out are JSON, nil for none.
func (a *api) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	u := a.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if query.Has("labelSelector") {
		req.Header.Set("Accept", metadataOnly)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return &remote.Temporary{Err: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, sizeLimit))
	if err != nil {
		return &remote.Temporary{Err: err}
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.ahead.Store(int64(time.Until(at)))
	}
	if resp.StatusCode >= 300 {
		return refused(resp, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the API server's answer cannot be read: %w", err)
	}
	return nil
}

func refused(resp *http.Response, answer []byte) error {
	var status struct{ Message string }
	r := &refusal{code: resp.StatusCode, message: "the API server answers " + resp.Status}
	if json.Unmarshal(answer, &status) == nil && status.Message != "" {
		r.message = status.Message
	}
	if r.code == http.StatusTooManyRequests || r.code >= 500 {
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &remote.Temporary{Err: r, After: time.Duration(seconds) * time.Second}
	}
	return r
}
