package gcs

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/api/storage/v1"

	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

const lockName = "lock"

// lockFile is the content of the lock's object.
type lockFile struct {
	Token  uint64        `json:"token"`
	Nonce  string        `json:"nonce"`
	Held   bool          `json:"held"`
	Lasts  time.Duration `json:"lasts"` // nanoseconds
	Holder state.Holder  `json:"holder"`
}

// ReadLock takes both times that make the lock's age from the service.
func (b *Bucket) ReadLock(ctx context.Context) (remote.Lock, error) {
	about, err := b.get(lockName).Context(ctx).Do()
	if isNoObject(err) {
		return remote.Lock{}, nil
	}
	if err != nil {
		return remote.Lock{}, b.wrong(err)
	}
	o, err := b.download(b.get(lockName).Context(ctx).Generation(about.Generation))
	if err != nil {
		return remote.Lock{}, err
	}
	if o == nil {
		return remote.Lock{}, &remote.Temporary{Err: remote.ErrConflict}
	}
	var f lockFile
	if err := json.Unmarshal(o.Data, &f); err != nil {
		return remote.Lock{}, fmt.Errorf("it is damaged: %w", err)
	}
	written, err := time.Parse(time.RFC3339, about.Updated)
	if err != nil {
		return remote.Lock{}, fmt.Errorf("the answer does not tell when it was written: %w", err)
	}
	now, err := http.ParseTime(about.Header.Get("Date"))
	if err != nil {
		return remote.Lock{}, fmt.Errorf("the answer does not tell the time: %w", err)
	}
	return remote.Lock{
		Version: o.Version, Token: f.Token, Nonce: f.Nonce, Held: f.Held, Holder: f.Holder, Lasts: f.Lasts, Age: now.Sub(written),
	}, nil
}

// WriteLock writes the lock's object.
func (b *Bucket) WriteLock(ctx context.Context, l remote.Lock) (remote.Lock, error) {
	raw, err := json.Marshal(lockFile{Token: l.Token, Nonce: l.Nonce, Held: l.Held, Lasts: l.Lasts, Holder: l.Holder})
	if err != nil {
		return remote.Lock{}, err
	}
	o, err := b.insert(ctx, &storage.Object{Name: b.prefix + lockName, CacheControl: "no-store"}, raw, l.Version)
	if err != nil {
		return remote.Lock{}, err
	}
	l.Version = strconv.FormatInt(o.Generation, 10)
	return l, nil
}
