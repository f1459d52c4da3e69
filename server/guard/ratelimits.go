package guard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
)

// Asked is a request that rate limits are asked about.
type Asked struct {
	Client   string // the identity, else the name in the certificate, else the IP address
	Identity string // "" when nobody is asked who it is
	Tool     string // that is called, "" for other requests
}

// Limited says why a request is refused, and what to tell the client.
type Limited struct {
	Status     int // HTTP: 429, or 503 when Redis is needed and gone
	Message    string
	RetryAfter time.Duration
}

// RateLimits are the rate_limit blocks of a server. It is safe for concurrent
// use.
type RateLimits struct {
	blocks  []limitBlock
	stores  []*store // of those that are shared
	perTool bool
}

// limitBlock is one block.
type limitBlock struct {
	spec       schemas.RateLimit
	local      *Limiter
	tools      auth.Patterns // nil for all
	identities auth.Patterns
	store      *store // nil for a limit of this process alone
	key        string // that its keys in the store begin with
}

// LimitEnv is what rate limits need beyond their blocks.
type LimitEnv struct {
	Server string // its name, which shared counts are kept under
	Logger Logger
}

// NewRateLimits returns the limits of a server. It goes on with what earlier
// ones, which may be nil, have counted for blocks that are the same.
func NewRateLimits(blocks []schemas.RateLimit, env LimitEnv, earlier *RateLimits) *RateLimits {
	l := &RateLimits{}
	for _, spec := range blocks {
		b := limitBlock{spec: spec, key: blockKey(env.Server, spec)}
		if b.local = earlier.same(spec); b.local == nil {
			b.local = NewLimiter(&spec)
		}
		if len(spec.Tools) > 0 {
			b.tools = auth.NewPatterns(spec.Tools)
		}
		if len(spec.Identities) > 0 {
			b.identities = auth.NewPatterns(spec.Identities)
		}
		if spec.Redis != nil {
			b.store = l.storeOf(spec.Redis, env, earlier)
		}
		l.perTool = l.perTool || spec.Per == "tool" || b.tools != nil
		l.blocks = append(l.blocks, b)
	}
	return l
}

func (l *RateLimits) same(spec schemas.RateLimit) *Limiter {
	if l == nil {
		return nil
	}
	for i := range l.blocks {
		if reflect.DeepEqual(l.blocks[i].spec, spec) {
			return l.blocks[i].local
		}
	}
	return nil
}

// storeOf returns the store of a block, one for all that name the same.
func (l *RateLimits) storeOf(spec *schemas.Redis, env LimitEnv, earlier *RateLimits) *store {
	for _, s := range l.stores {
		if s.spec == *spec {
			return s
		}
	}
	s := earlier.take(*spec)
	if s == nil {
		s = newStore(*spec, env.Logger)
	}
	l.stores = append(l.stores, s)
	return s
}

// take returns an earlier store, which Close then leaves open.
func (l *RateLimits) take(spec schemas.Redis) *store {
	if l == nil {
		return nil
	}
	for _, s := range l.stores {
		if s.spec == spec {
			s.users.Add(1)
			return s
		}
	}
	return nil
}

// Close gives back the connections to Redis that no later limits have taken over.
// Requests that are still being asked about are let through.
func (l *RateLimits) Close() {
	for _, s := range l.stores {
		s.leave()
	}
}

// PerTool reports whether Admit must know which tool is called.
func (l *RateLimits) PerTool() bool { return l.perTool }

// Err is why a limit that must be asked of Redis cannot be, or nil.
func (l *RateLimits) Err() error {
	for _, s := range l.stores {
		if err := s.err(); err != nil && s.spec.OnFailure == "closed" {
			return err
		}
	}
	return nil
}

var nothing = func() {}

// Admit asks whether a request may start now. When it may, release must be called
// exactly once, when the request has ended. When it may not, release is nil, and
// the request counts nowhere.
func (l *RateLimits) Admit(ctx context.Context, q Asked, now time.Time) (release func(), refused *Limited) {
	if len(l.blocks) == 0 {
		return nothing, nil
	}
	if len(l.blocks) == 1 && l.blocks[0].store == nil {
		return l.blocks[0].admit(&q, now)
	}
	return l.admitAll(ctx, &q, now)
}

// admit asks a block alone.
func (b *limitBlock) admit(q *Asked, now time.Time) (release func(), refused *Limited) {
	key, counts := b.counts(q)
	if !counts {
		return nothing, nil
	}
	release, retry, ok := b.local.Admit(key, now)
	if !ok {
		return nil, b.refusal(retry)
	}
	return release, nil
}

// counts says under which name a request counts, if it does.
func (b *limitBlock) counts(q *Asked) (key string, does bool) {
	if b.tools != nil && !(q.Tool != "" && b.tools.Match(q.Tool)) || b.identities != nil && !(q.Identity != "" && b.identities.Match(q.Identity)) {
		return "", false
	}
	switch b.spec.Per {
	case "identity":
		return q.Identity, q.Identity != ""
	case "tool":
		return q.Tool, q.Tool != ""
	case "server":
		return "", true
	}
	return q.Client, true
}

func (b *limitBlock) refusal(retry time.Duration) *Limited {
	text := "Too many requests"
	switch b.spec.Per {
	case "tool":
		text = "Too many calls of this tool"
	case "server":
		text = "Too many requests to this server"
	}
	return &Limited{http.StatusTooManyRequests, text, retry}
}

// admitAll asks every block, those of this process first, so that a client that
// asks far too often costs Redis nothing.
func (l *RateLimits) admitAll(ctx context.Context, q *Asked, now time.Time) (func(), *Limited) {
	type admission struct {
		limiter *Limiter
		key     string
		release func()
	}
	given := make([]admission, 0, 4)
	retract := func() {
		for _, a := range given {
			a.limiter.Retract(a.key)
		}
	}
	for i := range l.blocks {
		b := &l.blocks[i]
		key, counts := b.counts(q)
		if !counts {
			continue
		}
		release, retry, ok := b.local.Admit(key, now)
		if !ok {
			retract()
			return nil, b.refusal(retry)
		}
		given = append(given, admission{b.local, key, release})
	}
	for _, s := range l.stores {
		if refused := l.askStore(ctx, s, q); refused != nil {
			retract()
			return nil, refused
		}
	}
	return func() {
		for _, a := range given {
			a.release()
		}
	}, nil
}

// askStore asks one store about all blocks that are counted there.
func (l *RateLimits) askStore(ctx context.Context, s *store, q *Asked) *Limited {
	var keys []string
	var quotas []any
	var asked []*limitBlock
	for i := range l.blocks {
		b := &l.blocks[i]
		if key, counts := b.counts(q); counts && b.store == s {
			keys = append(keys, b.key+":"+short(key))
			quotas = append(quotas, b.spec.RequestsPerMinute)
			asked = append(asked, b)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	full, retry, err := s.admit(ctx, keys, quotas)
	switch {
	case err != nil && s.spec.OnFailure == "closed":
		return &Limited{http.StatusServiceUnavailable, "The rate limit cannot be asked now", storePause}
	case err != nil || full < 0:
		return nil
	}
	return asked[full].refusal(retry)
}

// blockKey names a block by what it counts, so that the order of blocks does not
// matter. The braces keep all keys of a server on one node of a Redis cluster.
func blockKey(server string, spec schemas.RateLimit) string {
	what, _ := json.Marshal([]any{spec.Per, spec.Tools, spec.Identities}) // texts always encode
	sum := sha256.Sum256(what)
	prefix := "erlmcp"
	if spec.Redis != nil {
		prefix = spec.Redis.Prefix
	}
	return "{" + prefix + ":" + server + "}:" + hex.EncodeToString(sum[:6])
}

// short keeps names of keys bounded, whatever clients call themselves.
func short(s string) string {
	if len(s) <= 100 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strconv.Itoa(len(s)) + "." + hex.EncodeToString(sum[:])
}
