package auth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/singleflight"

	"github.com/erlmcp/erlmcp/schemas"
)

const (
	keysFresh   = 10 * time.Minute // keys are not fetched again before, unless one is missing
	keysUsable  = 24 * time.Hour   // how long keys serve when they cannot be fetched again
	keysPause   = 10 * time.Second // least time between two fetches
	keysTimeout = 10 * time.Second
	maxKeys     = 64
	maxFetched  = 1 << 20 // bytes of a set of keys, and of the issuer's metadata
	minRSA      = 2048    // bits
)

// keys are the public keys of an issuer (RFC 7517), fetched when they are needed
// for the first time, when they are no longer fresh, and when a token names one
// that is not there. Old ones serve as long as new ones cannot be had.
type keys struct {
	url    func(ctx context.Context) (string, error)
	ctx    context.Context
	now    func() time.Time
	log    hclog.Logger
	client *http.Client

	generation atomic.Uint64 // counts the sets
	flight     singleflight.Group
	mu         sync.Mutex
	set        []jose.JSONWebKey
	fetched    time.Time // when the set was
	tried      time.Time // when a fetch was begun
}

func newKeys(block *schemas.OAuth, env Env) *keys {
	k := &keys{ctx: env.Context, now: env.Now, log: env.Logger}
	k.client = &http.Client{Timeout: keysTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	k.url = func(context.Context) (string, error) { return block.JWKSURL, nil }
	if block.JWKSURL == "" {
		k.url = func(ctx context.Context) (string, error) { return discover(ctx, k.client, block.Issuer) }
	}
	return k
}

var errNoKeys = errors.New("the keys of the issuer cannot be had")

// find returns the keys that a token may be signed with: those of that id, or
// when it names none, all that are for the algorithm. An error means that there
// are no keys at all.
func (k *keys) find(ctx context.Context, id, algorithm string) ([]jose.JSONWebKey, error) {
	now := k.now()
	k.mu.Lock()
	set, age := k.set, now.Sub(k.fetched)
	may := now.Sub(k.tried) >= keysPause
	k.mu.Unlock()
	usable := set != nil && age < keysUsable
	found := suitable(set, id, algorithm)
	switch {
	case usable && len(found) > 0 && (age < keysFresh || !may):
		return found, nil
	case usable && len(found) > 0:
		k.refresh() // those that are there will do until new ones come
		return found, nil
	}
	select {
	case <-k.refresh():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	set, age = k.set, k.now().Sub(k.fetched)
	k.mu.Unlock()
	if set == nil || age >= keysUsable {
		return nil, errNoKeys
	}
	return suitable(set, id, algorithm), nil
}

// refresh fetches the keys, once for all that ask at the same time. It does
// nothing in the pause after a fetch, unless that is still under way.
func (k *keys) refresh() <-chan singleflight.Result {
	return k.flight.DoChan("", func() (any, error) {
		k.mu.Lock()
		now := k.now()
		paused := now.Sub(k.tried) < keysPause
		if !paused {
			k.tried = now
		}
		k.mu.Unlock()
		if paused {
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(k.ctx, keysTimeout)
		defer cancel()
		set, err := k.fetch(ctx)
		if err != nil {
			k.log.Warn("the keys of the authorization server cannot be fetched", "error", err)
			return nil, err
		}
		k.mu.Lock()
		k.set, k.fetched = set, now
		k.mu.Unlock()
		k.generation.Add(1)
		return nil, nil
	})
}

func (k *keys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	url, err := k.url(ctx)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := getJSON(ctx, k.client, url, &set); err != nil {
		return nil, err
	}
	var out []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if len(out) < maxKeys && json.Unmarshal(raw, &key) == nil && signs(&key) {
			out = append(out, key) // keys of other kinds are for others
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no key that signs", url)
	}
	return out, nil
}

// signs reports whether a key is a public one, for signatures, and strong enough.
func signs(key *jose.JSONWebKey) bool {
	if rsaKey, ok := key.Key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() < minRSA {
		return false
	}
	return key.IsPublic() && key.Valid() && (key.Use == "" || key.Use == "sig")
}

func suitable(set []jose.JSONWebKey, id, algorithm string) []jose.JSONWebKey {
	var out []jose.JSONWebKey
	for _, key := range set {
		if (id == "" || key.KeyID == id) && (key.Algorithm == "" || key.Algorithm == algorithm) {
			out = append(out, key)
		}
	}
	return out
}

// getJSON fetches a bounded JSON document.
func getJSON(ctx context.Context, client *http.Client, url string, into any) error {
	if !schemas.IsServiceURL(url) {
		return fmt.Errorf("%s does not begin with https://", url)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: status %d", url, resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched+1))
	if err != nil {
		return fmt.Errorf("get %s: %w", url, err)
	}
	if len(data) > maxFetched {
		return fmt.Errorf("get %s: it is larger than %d bytes", url, maxFetched)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("get %s: %w", url, err)
	}
	return nil
}
