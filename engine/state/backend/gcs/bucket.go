package gcs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/storage/v1"

	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// Bucket is a folder of a bucket.
type Bucket struct {
	objects *storage.ObjectsService
	bucket  string
	prefix  string // "" or ending in a slash
	project string // that pays, "" for the bucket's own
}

var _ remote.Place = (*Bucket)(nil)

// sizeLimit bounds an object that is read, in bytes.
const sizeLimit = 1 << 30

// Path is the object's address as gcloud takes it.
func (b *Bucket) Path(name string) string { return "gs://" + b.bucket + "/" + b.prefix + name }

// Restore is a command of gcloud.
func (b *Bucket) Restore(from, to string) string {
	return fmt.Sprintf("To go back to the latest: gcloud storage cp %s %s", from, to)
}

// Read downloads an object.
func (b *Bucket) Read(ctx context.Context, name string) (*remote.Object, error) {
	return b.download(b.get(name).Context(ctx))
}

func (b *Bucket) get(name string) *storage.ObjectsGetCall {
	call := b.objects.Get(b.bucket, b.prefix+name)
	if b.project != "" {
		call.UserProject(b.project)
	}
	return call
}

func (b *Bucket) download(call *storage.ObjectsGetCall) (*remote.Object, error) {
	resp, err := call.Download()
	if isNoObject(err) {
		return nil, nil
	}
	if err != nil {
		return nil, b.wrong(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, sizeLimit+1))
	if err != nil {
		return nil, &remote.Temporary{Err: err}
	}
	if len(data) > sizeLimit {
		return nil, fmt.Errorf("it is larger than %d MB", sizeLimit>>20)
	}
	generation := resp.Header.Get("X-Goog-Generation")
	if generation == "" {
		return nil, errors.New("the answer does not tell the object's generation")
	}
	return &remote.Object{Data: data, Version: generation}, nil
}

// Write uploads an object with a generation precondition.
func (b *Bucket) Write(ctx context.Context, name string, data []byte, version string) (string, error) {
	o, err := b.insert(ctx, &storage.Object{Name: b.prefix + name}, data, version)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(o.Generation, 10), nil
}

func (b *Bucket) insert(ctx context.Context, o *storage.Object, data []byte, version string) (*storage.Object, error) {
	generation := int64(0) // there must be none
	if version != "" {
		var err error
		if generation, err = strconv.ParseInt(version, 10, 64); err != nil {
			return nil, fmt.Errorf("%q is no generation", version)
		}
	}
	o.ContentType = "application/json"
	call := b.objects.Insert(b.bucket, o).IfGenerationMatch(generation).Context(ctx).
		// In one request: what it replaces and what it puts there go together.
		Media(bytes.NewReader(data), googleapi.ChunkSize(0), googleapi.ContentType(o.ContentType))
	if b.project != "" {
		call.UserProject(b.project)
	}
	out, err := call.Do()
	if isStatus(err, http.StatusPreconditionFailed) {
		return nil, remote.ErrConflict
	}
	if err != nil {
		return nil, b.wrong(err)
	}
	return out, nil
}

// Remove deletes an object.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	call := b.objects.Delete(b.bucket, b.prefix+name).Context(ctx)
	if b.project != "" {
		call.UserProject(b.project)
	}
	err := call.Do()
	if err == nil || isStatus(err, http.StatusNotFound) {
		return nil
	}
	return b.wrong(err)
}

// Names lists objects, page by page.
func (b *Bucket) Names(ctx context.Context, folder string) ([]string, error) {
	call := b.objects.List(b.bucket).Prefix(b.prefix+folder).Fields("nextPageToken", "items(name)")
	if b.project != "" {
		call.UserProject(b.project)
	}
	var out []string
	err := call.Pages(ctx, func(page *storage.Objects) error {
		for _, o := range page.Items {
			out = append(out, strings.TrimPrefix(o.Name, b.prefix))
		}
		return nil
	})
	if err != nil {
		return nil, b.wrong(err)
	}
	slices.Sort(out)
	return out, nil
}

func isStatus(err error, code int) bool {
	var e *googleapi.Error
	return errors.As(err, &e) && e.Code == code
}

// isNoObject says that there is a bucket, and no such object in it.
func isNoObject(err error) bool {
	var e *googleapi.Error
	return errors.As(err, &e) && e.Code == http.StatusNotFound && !strings.Contains(e.Body, "bucket does not exist")
}

// wrong says which failures may pass, and what others come from.
func (b *Bucket) wrong(err error) error {
	var e *googleapi.Error
	var u *url.Error
	switch {
	case errors.As(err, &e):
		text := message(e)
		switch {
		case e.Code == http.StatusNotFound:
			return fmt.Errorf("there is no bucket %s, or you may not see it", b.bucket)
		case e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestTimeout || e.Code >= 500:
			seconds, _ := strconv.Atoi(e.Header.Get("Retry-After"))
			return &remote.Temporary{Err: errors.New(text), After: time.Duration(seconds) * time.Second}
		}
		return errors.New(text)
	case errors.As(err, &u), errors.Is(err, io.ErrUnexpectedEOF):
		return &remote.Temporary{Err: err}
	}
	return err
}

// message is what the service says; the client reads that of a download not out.
func message(e *googleapi.Error) string {
	var answer struct{ Error struct{ Message string } }
	switch {
	case e.Message != "":
		return e.Message
	case json.Unmarshal([]byte(e.Body), &answer) == nil && answer.Error.Message != "":
		return answer.Error.Message
	}
	return fmt.Sprintf("the service answers with status %d", e.Code)
}
