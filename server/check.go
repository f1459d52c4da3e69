package server

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
)

// Check finds what [New] would refuse in a document that [schemas.Parse] has
// checked, but for what only the machine that it will run on can tell: files that
// the document names are not looked for, and no port is opened. The Address of
// each diagnostic is the path in the document of what it is about, such as
// "tool.search.input.q.pattern". No text quotes a sensitive value.
func Check(doc *schemas.Server) diag.List {
	found := rules(doc)
	if len(found) == 0 { // else it would say some of it again, in worse words
		found = hide(doc, catalog.Check(doc))
	}
	if d := checkTLS(doc.TLS); d != nil {
		found = append(found, d)
	}
	return found
}

// rules are the rules of the vocabulary for a document as a whole.
func rules(doc *schemas.Server) diag.List { return hide(doc, doc.Check()) }

// hide takes the reason out of diagnostics about sensitive values, which it may
// quote.
func hide(doc *schemas.Server, list diag.List) diag.List {
	for _, d := range list {
		if doc.Secret(d.Address) {
			d.Detail = fmt.Sprintf("%s: it breaks a rule; it is sensitive, so the reason is not shown.", d.Address)
		}
	}
	return list
}

// checkTLS checks what is given as text. Of a pair with one half in a file of the
// target, the other half is looked at alone.
func checkTLS(block *schemas.TLS) *diag.Diagnostic {
	if block == nil {
		return nil
	}
	here := *block
	if here.ClientCAFile != "" {
		here.ClientCAFile, here.ClientAuth = "", "none"
	}
	if here.CertificateFile != "" || here.KeyFile != "" {
		return checkHalves(&here)
	}
	if _, err := guard.TLSConfig(&here); err != nil {
		return wrongTLS(strings.TrimPrefix(err.Error(), "tls: "))
	}
	return nil
}

func checkHalves(block *schemas.TLS) *diag.Diagnostic {
	if block.Certificate != "" {
		p, _ := pem.Decode([]byte(block.Certificate))
		if p == nil || p.Type != "CERTIFICATE" {
			return wrongTLS("certificate: there is no certificate in PEM in it")
		}
		leaf, err := x509.ParseCertificate(p.Bytes)
		if err != nil {
			return wrongTLS("certificate: " + err.Error())
		}
		if time.Now().After(leaf.NotAfter) {
			return wrongTLS("certificate: it expired at " + leaf.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	if block.Key != "" {
		if p, _ := pem.Decode([]byte(block.Key)); p == nil || !strings.HasSuffix(p.Type, "PRIVATE KEY") {
			return wrongTLS("key: there is no private key in PEM in it")
		}
	}
	if block.ClientCA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(block.ClientCA)) {
		return wrongTLS("client_ca: there is no certificate in PEM in it")
	}
	return nil
}

// wrongTLS makes a diagnostic of a text that may begin with an attribute.
func wrongTLS(text string) *diag.Diagnostic {
	at := "tls"
	if name, rest, ok := strings.Cut(text, ": "); ok && schemas.Describe[schemas.TLS]().Attribute(name) != nil {
		at, text = "tls."+name, rest
	} else if strings.HasPrefix(text, "the certificate ") && !strings.Contains(text, "go together") {
		at = "tls.certificate"
	}
	d := diag.Errorf("Wrong value", "%s: %s.", at, text).
		Fix("Give a certificate and its private key in PEM; erlmcp cert makes some for development.")
	d.Address = at
	return d
}
