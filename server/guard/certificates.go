package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/erlmcp/erlmcp/schemas"
)

// settleTime is for how long files must be quiet before they are read again, as a
// certificate and its key are written one after the other.
const settleTime = 100 * time.Millisecond

// Certificates are the TLS settings of a server as they are now: those of files
// change with the files, and those of an authority are renewed. Connections that
// are open keep what they began with.
type Certificates struct {
	block     *schemas.TLS
	protocols []string
	log       Logger
	acme      *acme // nil without an authority
	now       atomic.Pointer[served]
	problem   atomic.Pointer[string] // why what stands in the files is not served
}

// served is what is served now.
type served struct {
	config  *tls.Config
	expires time.Time // zero when an authority sees to it
}

// NewCertificates returns the TLS settings of a block, nil for a nil block.
// protocols are those that run inside (ALPN). It refuses what does not hold up,
// as [TLSConfig] does.
func NewCertificates(block *schemas.TLS, protocols []string, log Logger) (*Certificates, error) {
	if block == nil {
		return nil, nil
	}
	c := &Certificates{block: block, protocols: protocols, log: log}
	if block.ACME != nil {
		var err error
		if c.acme, err = newACME(block.ACME, log); err != nil {
			return nil, err
		}
	}
	first, err := c.read()
	if err != nil {
		return nil, err
	}
	c.now.Store(first)
	if block.Development != nil {
		sum := sha256.Sum256(first.config.Certificates[0].Certificate[0])
		log.Warn("the certificate is made up, for development; nobody vouches for it", "sha256", hex.EncodeToString(sum[:]))
	}
	return c, nil
}

// Config is what listeners use; nil for nil.
func (c *Certificates) Config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // of the settings that follow, which say more
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if c.acme != nil && c.acme.asks(hello) {
				return c.acme.challenged, nil
			}
			return c.now.Load().config, nil
		},
	}
}

// read makes settings of what stands in the block and in its files now.
func (c *Certificates) read() (*served, error) {
	config, err := TLSConfig(c.block)
	if err != nil {
		return nil, err
	}
	config.NextProtos = c.protocols
	s := &served{config: config}
	if c.acme != nil {
		config.GetCertificate = c.acme.config.GetCertificate
	} else {
		leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
		if err != nil {
			return nil, fmt.Errorf("tls: certificate: %w", err)
		}
		s.expires = leaf.NotAfter
	}
	return s, nil
}

// same reports whether two settings have the same certificates.
func same(a, b *tls.Config) bool {
	sameChain := func(a, b tls.Certificate) bool { return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal) }
	if !slices.EqualFunc(a.Certificates, b.Certificates, sameChain) || (a.ClientCAs == nil) != (b.ClientCAs == nil) {
		return false
	}
	return a.ClientCAs == nil || a.ClientCAs.Equal(b.ClientCAs)
}

// Start follows the files until the context ends, and asks the authority for
// certificates when there is one. listener is where the server answers.
func (c *Certificates) Start(ctx context.Context, listener net.Addr) error {
	if c == nil {
		return nil
	}
	if c.acme != nil {
		if err := c.acme.start(ctx, listener); err != nil {
			return err
		}
	}
	if len(c.files()) == 0 {
		return nil
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("tls: watch the files: %w", err)
	}
	c.watch(notify)
	go c.follow(ctx, notify) // ends with the context
	return nil
}

func (c *Certificates) files() []string {
	return slices.DeleteFunc([]string{c.block.CertificateFile, c.block.KeyFile, c.block.ClientCAFile}, func(s string) bool { return s == "" })
}

// watch watches the folders of the files, as files are replaced rather than
// written: where their names stand, and where those lead by symbolic links.
func (c *Certificates) watch(notify *fsnotify.Watcher) {
	for _, file := range c.files() {
		places := []string{filepath.Dir(file)}
		if real, err := filepath.EvalSymlinks(file); err == nil {
			places = append(places, filepath.Dir(real))
		}
		for _, place := range places {
			if err := notify.Add(place); err != nil {
				c.log.Warn("a folder of certificates is not watched", "folder", place, "error", err)
			}
		}
	}
}

func (c *Certificates) follow(ctx context.Context, notify *fsnotify.Watcher) {
	defer notify.Close()
	quiet := time.NewTimer(settleTime)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-notify.Events:
			if !ok {
				return
			}
			quiet.Reset(settleTime)
		case err := <-notify.Errors:
			c.log.Warn("changes of certificates may go unseen", "error", err)
			quiet.Reset(settleTime)
		case <-quiet.C:
			c.watch(notify) // links may lead elsewhere now
			c.reload()
		}
	}
}

// reload serves what stands in the files now. What does not hold up is not taken:
// the old goes on.
func (c *Certificates) reload() {
	next, err := c.read()
	if err != nil {
		text := err.Error()
		if before := c.problem.Swap(&text); before == nil || *before != text {
			c.log.Warn("the certificates on disk are not taken; the old ones go on", "error", err)
		}
		return
	}
	c.problem.Store(nil)
	if same(c.now.Load().config, next.config) {
		return
	}
	c.now.Store(next)
	c.log.Info("the certificates have changed, and are served", "expires", next.expires.UTC().Format(time.RFC3339))
}

// Err is what is wrong with the certificates, or nil; for health.
func (c *Certificates) Err() error {
	if c == nil {
		return nil
	}
	if c.acme != nil {
		return c.acme.err()
	}
	if s := c.now.Load(); time.Now().After(s.expires) {
		return fmt.Errorf("the certificate expired at %s", s.expires.UTC().Format(time.RFC3339))
	}
	if p := c.problem.Load(); p != nil {
		return errors.New("the certificates on disk are not taken: " + *p)
	}
	return nil
}

// Close gives back what an authority's client holds.
func (c *Certificates) Close() {
	if c != nil && c.acme != nil {
		c.acme.cache.Stop()
	}
}

// folderFor makes a folder that only this user may read.
func folderFor(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o); run: chmod 700 %s", path, info.Mode().Perm(), path)
	}
	return nil
}
