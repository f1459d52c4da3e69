package guard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/erlmcp/erlmcp/schemas"
)

// storePause is how long a store that has failed is not asked again.
const storePause = time.Second

// Logger takes what an operator should know, as [hclog.Logger] does.
type Logger interface {
	Info(msg string, args ...any)
	Warn(msg string, args ...any)
}

// store counts requests in Redis.
//
// A count is a hash of seconds: how many requests were admitted in each. A
// request counts as made at the end of its second, so that a client gets its
// quota back up to a second late, and never gets more. A count is gone from Redis
// a minute after it was last asked for.
type store struct {
	spec   schemas.Redis
	log    Logger
	users  atomic.Int64
	client *redis.Client

	mu     sync.Mutex
	failed error     // nil while it answers
	retry  time.Time // when to ask again
}

func newStore(spec schemas.Redis, log Logger) *store {
	s := &store{spec: spec, log: log}
	s.users.Store(1)
	timeout := time.Duration(spec.Timeout)
	at, _ := url.Parse(spec.URL) // the vocabulary has checked it
	host := at.Host
	if at.Port() == "" {
		host += ":6379"
	}
	database, _ := strconv.Atoi(strings.Trim(at.Path, "/")) // 0 without one
	o := &redis.Options{
		Addr: host, DB: database, Username: spec.Username, Password: spec.Password,
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if at.Scheme == "rediss" {
		o.TLSConfig = &tls.Config{ServerName: at.Hostname(), MinVersion: tls.VersionTLS12}
	}
	s.client = redis.NewClient(o) // connects when it is asked
	return s
}

// leave gives up the use of a store.
func (s *store) leave() {
	if s.users.Add(-1) == 0 {
		s.client.Close()
	}
}

// admission counts a request in all of KEYS, or in none: it returns the number of
// the first that is full, from 1, and for how many milliseconds; 0 when none is.
var admission = redis.NewScript(`
local time = redis.call('TIME')
local now, part = tonumber(time[1]), math.floor(tonumber(time[2]) / 1000)
for i, key in ipairs(KEYS) do
  local all, total, oldest = redis.call('HGETALL', key), 0, now
  for j = 1, #all, 2 do
    local at = tonumber(all[j])
    if at <= now - 61 then
      redis.call('HDEL', key, all[j])
    else
      total = total + tonumber(all[j + 1])
      oldest = math.min(oldest, at)
    end
  end
  if total >= tonumber(ARGV[i]) then
    return {i, (oldest + 61 - now) * 1000 - part}
  end
end
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, now, 1)
  redis.call('EXPIRE', key, 62)
end
return {0, 0}
`)

var (
	errStoreGone   = errors.New("Redis does not answer")
	errStoreAnswer = errors.New("Redis gives a strange answer")
)

// admit counts a request under all keys, unless one of them has its quota: then
// full is its index, else -1. An error means that nobody knows.
func (s *store) admit(ctx context.Context, keys []string, quotas []any) (full int, retry time.Duration, err error) {
	if !s.mayAsk(time.Now()) {
		return 0, 0, errStoreGone
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(s.spec.Timeout))
	defer cancel()
	answer, err := admission.Run(limited, s.client, keys, quotas...).Int64Slice()
	if err == nil && (len(answer) != 2 || answer[0] < 0 || answer[0] > int64(len(keys))) {
		err = errStoreAnswer
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, 0, ctx.Err() // the client has gone, which is not Redis's fault
	case err != nil && s.users.Load() == 0:
		return -1, 0, nil // a reload has put other limits in place meanwhile
	}
	s.note(err)
	if err != nil {
		return 0, 0, err
	}
	return int(answer[0]) - 1, max(time.Duration(answer[1])*time.Millisecond, time.Millisecond), nil
}

// mayAsk reports whether to ask: always while it answers, and once in a pause when
// it does not.
func (s *store) mayAsk(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		return true
	}
	if now.Before(s.retry) {
		return false
	}
	s.retry = now.Add(storePause)
	return true
}

// note remembers how it went, and tells when that changes.
func (s *store) note(err error) {
	s.mu.Lock()
	before := s.failed
	s.failed = err
	if err != nil {
		s.retry = time.Now().Add(storePause)
	}
	s.mu.Unlock()
	switch {
	case err != nil && before == nil:
		s.log.Warn("the shared rate limit cannot be asked", "redis", s.spec.URL, "until_then", s.spec.OnFailure, "error", err)
	case err == nil && before != nil:
		s.log.Info("the shared rate limit is asked again", "redis", s.spec.URL)
	}
}

// err is why it does not answer, or nil. When it is time to ask again it does, so
// that a server that gets no requests for being unhealthy becomes well again.
func (s *store) err() error {
	s.mu.Lock()
	failed := s.failed
	s.mu.Unlock()
	if failed == nil {
		return nil
	}
	if s.mayAsk(time.Now()) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.spec.Timeout))
		defer cancel()
		failed = s.client.Ping(ctx).Err()
		s.note(failed)
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("the rate limit's Redis at %s does not answer: %w", s.spec.URL, failed)
}
