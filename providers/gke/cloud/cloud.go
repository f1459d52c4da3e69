package cloud

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Cloud holds the state of all projects. Use [New].
type Cloud struct {
	mu         sync.Mutex // guards all below
	delay      time.Duration
	held       bool
	fail       func(Call) Fault
	changes    int // calls so far that were to change something
	calls      map[string]int
	clusters   map[string]*containerpb.Cluster
	operations []*operation
	objects    map[string]proto.Message // of Compute Engine, by path
	requests   map[string]*computepb.Operation
	networks   map[string]bool
	endpoint   string
	ca         string
	next       int // numbers operations, addresses and fingerprints

	failing error // of the operation that the call under way begins
}

// operation is one that was begun. It is finished when somebody looks after it is
// due.
type operation struct {
	begun, due time.Time
	path       string // of the cluster or object that it works on
	gke        *containerpb.Operation
	compute    *computepb.Operation
	failure    error
	finish     func(failure error)
	waits      bool // until somebody asks for operations
	done       bool
}

// New returns a cloud whose operations take that long.
func New(delay time.Duration) *Cloud {
	return &Cloud{
		delay: delay, calls: map[string]int{}, clusters: map[string]*containerpb.Cluster{}, objects: map[string]proto.Message{},
		requests: map[string]*computepb.Operation{}, networks: map[string]bool{"default": true}, endpoint: "203.0.113.1",
	}
}

// Serve says where the API servers of clusters answer, as GKE tells it ("10.0.0.1"),
// and the authority of their certificates in PEM. Without it they answer nowhere.
func (c *Cloud) Serve(endpoint, ca string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoint, c.ca = endpoint, base64.StdEncoding.EncodeToString([]byte(ca))
}

// Hold keeps operations from finishing, until it is called with false.
func (c *Cloud) Hold(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
}

// Calls is how often a method was called, such as "CreateCluster" or
// "Firewalls.List".
func (c *Cloud) Calls(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[method]
}

// Endpoints are where the cloud answers: the values of the attributes of a target.
type Endpoints struct {
	GRPC string // grpc://127.0.0.1:…
	REST string // http://127.0.0.1:…; of GKE and Compute Engine
}

// Listen serves the APIs on loopback, until stop is called.
func (c *Cloud) Listen() (at Endpoints, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return at, nil, fmt.Errorf("listen for gRPC: %w", err)
	}
	rpc := grpc.NewServer(grpc.UnaryInterceptor(c.intercept))
	containerpb.RegisterClusterManagerServer(rpc, gke{Cloud: c})
	go rpc.Serve(l) // until Stop
	web := httptest.NewServer(c.handler())
	return Endpoints{GRPC: "grpc://" + l.Addr().String(), REST: web.URL}, func() { rpc.Stop(); web.CloseClientConnections(); web.Close() }, nil
}

// handler serves REST.
func (c *Cloud) handler() http.Handler {
	t := &transcoder{intercept: c.intercept}
	t.add(&containerpb.ClusterManager_ServiceDesc, gke{Cloud: c})
	t.add(&computepb.Addresses_ServiceDesc, addresses{Cloud: c})
	t.add(&computepb.GlobalAddresses_ServiceDesc, globalAddresses{Cloud: c})
	t.add(&computepb.Firewalls_ServiceDesc, firewalls{Cloud: c})
	t.add(&computepb.SslPolicies_ServiceDesc, policies{Cloud: c})
	t.add(&computepb.SslCertificates_ServiceDesc, certificates{Cloud: c})
	t.add(&computepb.GlobalOperations_ServiceDesc, globalOperations{Cloud: c})
	t.add(&computepb.RegionOperations_ServiceDesc, regionOperations{Cloud: c})
	return t
}

// intercept is around every call, however it came.
func (c *Cloud) intercept(ctx context.Context, q any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	message := q.(proto.Message)
	if len(message.ProtoReflect().GetUnknown()) > 0 {
		return nil, status.Error(codes.InvalidArgument, "Request contains an unknown field.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishDue()
	call := Call{Method: methodName(info.FullMethod), Request: message}
	c.calls[call.Method]++
	if call.Changes() {
		c.changes++
		call.Number = c.changes
	}
	fault := Fault{}
	if c.fail != nil {
		fault = c.fail(call)
	}
	if fault.Refuse != nil {
		return nil, fault.Refuse
	}
	c.failing = fault.Operation
	answer, err := handle(ctx, q)
	c.failing = nil
	if fault.Lose && err == nil {
		return nil, errLost
	}
	return answer, err
}

// methodName is "CreateCluster" or "Firewalls.List".
func methodName(full string) string {
	service, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	service = service[strings.LastIndex(service, ".")+1:]
	if service == "ClusterManager" {
		return method
	}
	return service + "." + method
}

// finishDue finishes the operations whose time has come.
func (c *Cloud) finishDue() {
	now := time.Now()
	for _, op := range c.operations {
		if op.done || op.waits || c.held || now.Before(op.due) {
			continue
		}
		op.done = true
		op.finish(op.failure)
	}
}

// number is one that no two things share.
func (c *Cloud) number() int {
	c.next++
	return c.next
}
