package cloud

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var objectForm = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// object is what the kinds of Compute Engine have in common.
type object interface {
	proto.Message
	GetName() string
}

func missing(path string) error {
	return status.Errorf(codes.NotFound, "The resource '%s' was not found", path)
}

// look is an object by its folder ("projects/p/global/firewalls") and name.
func look[T object](c *Cloud, folder, name string) (T, error) {
	o, ok := c.objects[folder+"/"+name].(T)
	if !ok {
		return o, missing(folder + "/" + name)
	}
	return proto.CloneOf(o), nil
}

var filterForm = regexp.MustCompile(`^(\w+) eq "(.*)"$`)

// list are the objects of a folder that the filter lets through: FIELD eq "REGEXP".
func list[T object](c *Cloud, folder, filter string) ([]T, error) {
	m := filterForm.FindStringSubmatch(filter)
	if m == nil && filter != "" {
		return nil, invalid("Invalid value for field 'filter': '%s'.", filter)
	}
	var out []T
	for path, o := range c.objects {
		if strings.TrimPrefix(path, folder+"/") == path || strings.Contains(strings.TrimPrefix(path, folder+"/"), "/") {
			continue
		}
		if m != nil {
			f := o.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(m[1]))
			e, err := regexp.Compile("^(?:" + m[2] + ")$")
			if f == nil || err != nil {
				return nil, invalid("Invalid value for field 'filter': '%s'.", filter)
			}
			if !e.MatchString(o.ProtoReflect().Get(f).String()) {
				continue
			}
		}
		out = append(out, proto.CloneOf(o.(T)))
	}
	slices.SortFunc(out, func(a, b T) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out, nil
}

// insert begins to make an object. A request that was made before is answered as it
// was then.
func (c *Cloud) insert(folder, request string, o object) (*computepb.Operation, error) {
	if op := c.requests[request]; op != nil && request != "" {
		return proto.CloneOf(op), nil
	}
	path := folder + "/" + o.GetName()
	if !objectForm.MatchString(o.GetName()) {
		return nil, invalid("Invalid value for field 'resource.name': '%s'.", o.GetName())
	}
	if c.objects[path] != nil || c.busy(path) {
		return nil, status.Errorf(codes.AlreadyExists, "The resource '%s' already exists", path)
	}
	return c.work(folder, request, path, "insert", func() { c.objects[path] = o }), nil
}

func (c *Cloud) busy(path string) bool {
	return slices.ContainsFunc(c.operations, func(o *operation) bool { return !o.done && o.path == path })
}

// change begins to change an object that is there.
func (c *Cloud) change(folder, name, request, verb string, do func()) (*computepb.Operation, error) {
	if op := c.requests[request]; op != nil && request != "" {
		return proto.CloneOf(op), nil
	}
	path := folder + "/" + name
	switch {
	case c.objects[path] == nil:
		return nil, missing(path)
	case c.busy(path):
		return nil, invalid("The resource '%s' is not ready", path)
	}
	return c.work(folder, request, path, verb, do), nil
}

// remove begins to delete an object.
func (c *Cloud) remove(folder, name, request string) (*computepb.Operation, error) {
	return c.change(folder, name, request, "delete", func() { delete(c.objects, folder+"/"+name) })
}

func (c *Cloud) work(folder, request, path, verb string, do func()) *computepb.Operation {
	now := time.Now()
	status0, name := computepb.Operation_RUNNING, fmt.Sprintf("operation-%d", c.number())
	o := &operation{begun: now, due: now.Add(c.delay), path: path, failure: c.failing, compute: &computepb.Operation{
		Name: &name, Status: &status0, OperationType: &verb, TargetLink: proto.String("https://www.googleapis.com/compute/v1/" + path),
		SelfLink: proto.String(folder[:strings.LastIndex(folder, "/")] + "/operations/" + name), Progress: proto.Int32(0),
	}}
	if place := strings.Split(folder, "/"); place[2] == "regions" {
		o.compute.Region = proto.String(place[3])
	}
	o.finish = func(failure error) {
		done := computepb.Operation_DONE
		o.compute.Status, o.compute.Progress = &done, proto.Int32(100)
		if failure == nil {
			do()
			return
		}
		code, message, _ := strings.Cut(status.Convert(failure).Message(), ": ")
		o.compute.Error = &computepb.Error{Errors: []*computepb.Errors{{Code: &code, Message: &message}}}
		o.compute.HttpErrorStatusCode, o.compute.HttpErrorMessage = proto.Int32(403), proto.String("FORBIDDEN")
	}
	c.operations = append(c.operations, o)
	if request != "" {
		c.requests[request] = o.compute
	}
	return proto.CloneOf(o.compute)
}

// operationAt is an operation of a place ("projects/p/global").
func (c *Cloud) operationAt(place, name string) (*computepb.Operation, error) {
	for _, o := range c.operations {
		if o.compute != nil && o.compute.GetSelfLink() == place+"/operations/"+name {
			return proto.CloneOf(o.compute), nil
		}
	}
	return nil, missing(place + "/operations/" + name)
}

// Objects are the paths of all that exists, clusters and node pools too, whose labels
// or descriptions hold the text.
func (c *Cloud) Objects(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishDue()
	var out []string
	for path, k := range c.clusters {
		if !strings.Contains(fmt.Sprint(k.GetResourceLabels()), text) {
			continue
		}
		out = append(out, path)
		for _, p := range k.GetNodePools() {
			out = append(out, path+"/nodePools/"+p.GetName())
		}
	}
	for path, o := range c.objects {
		if strings.Contains(o.(interface{ GetDescription() string }).GetDescription(), text) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}
