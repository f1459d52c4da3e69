package cloud

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Call is a request that has arrived.
type Call struct {
	Method  string // such as "CreateCluster" or "Firewalls.Insert"
	Request proto.Message
	Number  int // among the calls that change something, from 1; 0 for one that looks
}

// Changes reports whether the call is to change something.
func (c Call) Changes() bool {
	method := c.Method[strings.LastIndex(c.Method, ".")+1:]
	return !strings.HasPrefix(method, "Get") && !strings.HasPrefix(method, "List")
}

// Fault is what goes wrong with a call. The zero value is nothing.
type Fault struct {
	Refuse    error // the answer, in place of doing anything
	Lose      bool  // it is done, and its reply is lost
	Operation error // how the operation fails that the call begins
}

// Fail has each call judged; nil lets everything go well again.
func (c *Cloud) Fail(judge func(Call) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = judge
}

// errLost stands for a reply that does not arrive.
var errLost = status.Error(codes.Unavailable, "connection reset by peer")

// Denied says that a permission is missing.
func Denied(permission, project string) error {
	return detailed(codes.PermissionDenied, fmt.Sprintf("Required %q permission(s) for %q.", permission, "projects/"+project),
		&errdetails.ErrorInfo{Reason: "IAM_PERMISSION_DENIED", Domain: "googleapis.com", Metadata: map[string]string{"permission": permission, "resource": "projects/" + project}})
}

// Disabled says that an API is not enabled.
func Disabled(service, project string) error {
	return detailed(codes.PermissionDenied, fmt.Sprintf("%s has not been used in project %s before or it is disabled.", service, project),
		&errdetails.ErrorInfo{Reason: "SERVICE_DISABLED", Domain: "googleapis.com", Metadata: map[string]string{"service": service, "consumer": "projects/" + project}})
}

// Quota says that a quota is used up, as a request learns it.
func Quota(metric, region string) error {
	return detailed(codes.PermissionDenied, fmt.Sprintf("Insufficient regional quota to satisfy request: resource %q: request requires '9.0' and is short '1.0'. project has a quota of '8.0' with '8.0' available in %s.", metric, region),
		&errdetails.ErrorInfo{Reason: "quotaExceeded", Domain: "googleapis.com"})
}

// QuotaOperation says the same as an operation of Compute Engine learns it.
func QuotaOperation(metric, region string) error {
	return status.Error(codes.ResourceExhausted, fmt.Sprintf("QUOTA_EXCEEDED: Quota '%s' exceeded. Limit: 8.0 in region %s.", metric, region))
}

// Stockout says that there are no machines left, as operations learn it.
func Stockout(zone string) error {
	return status.Error(codes.ResourceExhausted, fmt.Sprintf("ZONE_RESOURCE_POOL_EXHAUSTED: Google Compute Engine: The zone '%s' does not have enough resources available to fulfill the request.", zone))
}

// Slower is a 429 that says when to come again.
func Slower(after time.Duration) error {
	return detailed(codes.ResourceExhausted, "Too many requests.", &errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
}

// Unavailable is a 503 that says when to come again.
func Unavailable(after time.Duration) error {
	return detailed(codes.Unavailable, "The service is currently unavailable.", &errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
}

// InUse says that something else uses what is to be deleted.
func InUse(path, by string) error {
	return detailed(codes.InvalidArgument, fmt.Sprintf("The resource '%s' is already being used by '%s'", path, by),
		&errdetails.ErrorInfo{Reason: "resourceInUseByAnotherResource", Domain: "googleapis.com"})
}

// Internal is an error of which the API says nothing.
func Internal() error { return status.Error(codes.Internal, "Internal error.") }

func detailed(code codes.Code, message string, detail interface {
	proto.Message
	ProtoMessage()
	Reset()
	String() string
}) error {
	s, err := status.New(code, message).WithDetails(detail)
	if err != nil { // the detail is one of google.rpc
		panic(err)
	}
	return s.Err()
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}
