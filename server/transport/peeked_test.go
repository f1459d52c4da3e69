package transport

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/telemetry"
)

// sayBack answers each message with itself.
type sayBack struct{}

func (sayBack) Handle(_ context.Context, x *Exchange) {
	x.Answer(Answer{Body: append(Buffer(), x.Data...)})
}

// open starts a front door that says everything back.
func open(t *testing.T, secure *tls.Config) (f *Front, addr string) {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	f = NewFront(t.Context(), Config{
		Handler: sayBack{}, Others: http.NotFoundHandler(), Sessions: session.NewTable(10, time.Hour, time.Now),
		Origin: guard.NewOrigin(doc.Listen), Gate: func() *auth.Gate { return auth.New(nil, auth.Env{}, nil) },
		Refused: func(r Refusal) { t.Errorf("refused: %+v", r) }, Path: "/mcp", Limits: doc.Limits, TLS: secure,
		Metrics: telemetry.NewMetrics(), Logger: hclog.NewNullLogger(),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go f.Serve(l, false)
	t.Cleanup(f.Cut)
	return f, l.Addr().String()
}

func (f *Front) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.silent)
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}}
}

// TestAnIdleConnectionIsTakenFromNetHTTP uses a connection before and after that,
// also with a request that comes in pieces.
func TestAnIdleConnectionIsTakenFromNetHTTP(t *testing.T) {
	for name, secure := range map[string]*tls.Config{"plain": nil, "TLS": certificate(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, addr := open(t, secure)
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if secure != nil {
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			}
			in := bufio.NewReader(conn)
			for round, pieces := range []int{1, 3, 100} {
				message := fmt.Sprintf(`{"round":%d}`, round)
				request := fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(message), message)
				for i := range pieces {
					io.WriteString(conn, request[len(request)*i/pieces:len(request)*(i+1)/pieces])
				}
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK || string(body) != message || resp.Close {
					t.Fatalf("round %d: %s %q close %t, %v", round, resp.Status, body, resp.Close, err)
				}
				await(t, "the connection is parked", func() bool { return f.waiting() == 1 })
				if n := f.Connections(); n != 1 {
					t.Errorf("%d connections are counted", n)
				}
			}
			conn.Close()
			await(t, "the end of a parked connection is seen", func() bool { return f.Connections() == 0 && f.waiting() == 0 })
		})
	}
}

// TestPipelinedRequestsAreAllAnswered sends requests before it reads answers.
func TestPipelinedRequestsAreAllAnswered(t *testing.T) {
	_, addr := open(t, nil)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const many = 50
	one := "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	go io.WriteString(conn, strings.Repeat(one, many))
	in := bufio.NewReader(conn)
	for i := range many {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "{}" {
			t.Fatalf("answer %d: %q, %v", i, body, err)
		}
	}
}
