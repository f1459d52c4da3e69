package guard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/erlmcp/erlmcp/schemas"
)

// acme has an authority issue the certificate (RFC 8555), and renew it.
type acme struct {
	block      *schemas.ACME
	log        Logger
	cache      *certmagic.Cache
	config     *certmagic.Config
	issuer     *certmagic.ACMEIssuer
	challenged *tls.Config // for the authority that looks whether a name is ours

	mu      sync.Mutex
	missing map[string]error // names that have no certificate yet, and why
}

// challengeProtocol is what connections of the challenge tls-alpn-01 speak (RFC
// 8737, section 6.2).
const challengeProtocol = "acme-tls/1"

var errNotYet = errors.New("it has not been issued yet")

func newACME(block *schemas.ACME, log Logger) (*acme, error) {
	if err := folderFor(block.Storage); err != nil {
		return nil, fmt.Errorf("tls: acme: storage: %w", err)
	}
	a := &acme{block: block, log: log, missing: map[string]error{}}
	for _, d := range block.Domains {
		a.missing[d] = errNotYet
	}
	silent := zap.NewNop() // what matters is told by events
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil }, Logger: silent,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: block.Storage}, OnEvent: a.event, Logger: silent,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, // authorities have given it up
	})
	template := certmagic.ACMEIssuer{
		CA: block.Directory, TestCA: block.Directory, Email: block.Email, Agreed: true, Logger: silent,
		DisableHTTPChallenge: block.Challenge != "http-01", DisableTLSALPNChallenge: block.Challenge != "tls-alpn-01",
		AltHTTPPort: block.HTTPPort,
	}
	if block.DirectoryCAFile != "" {
		text, err := pemOf("", block.DirectoryCAFile, false)
		if err != nil {
			return nil, fmt.Errorf("tls: acme: directory_ca_file: %w", err)
		}
		template.TrustedRoots = x509.NewCertPool()
		if !template.TrustedRoots.AppendCertsFromPEM(text) {
			return nil, errors.New("tls: acme: directory_ca_file: there is no certificate in PEM in it")
		}
	}
	a.issuer = certmagic.NewACMEIssuer(a.config, template)
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	a.challenged = &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{challengeProtocol}, GetCertificate: a.config.GetCertificate,
	}
	return a, nil
}

// asks reports whether the authority is looking whether a name is ours (RFC 8737).
// It shows no certificate of its own.
func (a *acme) asks(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == challengeProtocol
}

// start gets the certificates in the background, and renews them until the
// context ends.
func (a *acme) start(ctx context.Context, listener net.Addr) error {
	host, port, err := net.SplitHostPort(listener.String())
	if err != nil {
		return fmt.Errorf("tls: acme: %w", err)
	}
	a.issuer.ListenHost = host
	a.issuer.AltTLSALPNPort, _ = strconv.Atoi(port) // where this server listens, and answers itself
	if err := a.config.ManageAsync(ctx, a.block.Domains); err != nil {
		return fmt.Errorf("tls: acme: %w", err)
	}
	return nil
}

// event hears how it goes.
func (a *acme) event(_ context.Context, name string, data map[string]any) error {
	domain, _ := data["identifier"].(string)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch name {
	case "cert_obtained":
		delete(a.missing, domain)
		a.log.Info("the authority has issued a certificate", "domain", domain)
	case "cert_failed":
		err, _ := data["error"].(error)
		a.log.Warn("the authority has not issued a certificate; it is asked again", "domain", domain, "error", err)
		if _, missing := a.missing[domain]; missing && err != nil {
			a.missing[domain] = err
		}
	case "cached_managed_cert":
		names, _ := data["sans"].([]string)
		for _, n := range names {
			delete(a.missing, n)
		}
	}
	return nil
}

// err is why a name has no certificate, or nil.
func (a *acme) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.block.Domains {
		if why := a.missing[d]; why != nil {
			return fmt.Errorf("there is no certificate for %s: %w", d, why)
		}
	}
	return nil
}
