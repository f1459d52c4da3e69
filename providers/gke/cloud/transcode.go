package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// transcoder serves gRPC services over HTTP and JSON, as the annotations of their
// methods say (google/api/http.proto).
type transcoder struct {
	routes    []route
	intercept grpc.UnaryServerInterceptor
}

type route struct {
	verb      string
	path      *regexp.Regexp
	variables []string // fields, by group
	body      string   // field that the body is for; "*" for the whole message
	service   any
	full      string
	method    grpc.MethodDesc
}

func (t *transcoder) add(desc *grpc.ServiceDesc, service any) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	if err != nil {
		panic(err) // the package of desc registers it
	}
	methods := found.(protoreflect.ServiceDescriptor).Methods()
	for _, m := range desc.Methods {
		rule, ok := proto.GetExtension(methods.ByName(protoreflect.Name(m.MethodName)).Options(), annotations.E_Http).(*annotations.HttpRule)
		if !ok {
			continue
		}
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			verb, template := pattern(r)
			path, variables := compile(template)
			t.routes = append(t.routes, route{verb, path, variables, r.GetBody(), service, "/" + desc.ServiceName + "/" + m.MethodName, m})
		}
	}
}

func pattern(r *annotations.HttpRule) (verb, template string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		return http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	}
	return "", ""
}

var variableForm = regexp.MustCompile(`\{(\w+)(?:=([^}]*))?\}`)

// compile turns a template of a path into an expression with a group for each
// variable.
func compile(template string) (*regexp.Regexp, []string) {
	var expression strings.Builder
	var names []string
	for at := 0; ; {
		m := variableForm.FindStringSubmatchIndex(template[at:])
		if m == nil {
			expression.WriteString(regexp.QuoteMeta(template[at:]))
			break
		}
		expression.WriteString(regexp.QuoteMeta(template[at : at+m[0]]))
		names = append(names, template[at+m[2]:at+m[3]])
		inner := "*"
		if m[4] >= 0 {
			inner = template[at+m[4] : at+m[5]]
		}
		expression.WriteString("(" + strings.ReplaceAll(regexp.QuoteMeta(inner), `\*`, `[^/:]+`) + ")")
		at += m[1]
	}
	return regexp.MustCompile("^" + expression.String() + "$"), names
}

// maxBody bounds a request, in bytes.
const maxBody = 1 << 20

func (t *transcoder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	for _, r := range t.routes {
		m := r.path.FindStringSubmatch(q.URL.Path)
		if m == nil || r.verb != q.Method {
			continue
		}
		answer, err := t.call(w, q, r, m[1:])
		switch {
		case errors.Is(err, errLost):
			panic(http.ErrAbortHandler) // cuts the connection
		case err != nil:
			writeError(w, err, strings.Contains(r.full, ".compute."))
		default:
			raw, _ := protojson.MarshalOptions{UseEnumNumbers: strings.Contains(q.URL.RawQuery, "enum-encoding")}.Marshal(answer.(proto.Message))
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(raw)
		}
		return
	}
	writeError(w, status.Errorf(codes.NotFound, "The requested URL %s was not found on this server.", q.URL.Path), false)
}

func (t *transcoder) call(w http.ResponseWriter, q *http.Request, r route, values []string) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil {
		return nil, invalid("The request cannot be read: %v.", err)
	}
	query := q.URL.Query()
	decode := func(into any) error { return r.decode(into.(proto.Message).ProtoReflect(), body, values, query) }
	return r.method.Handler(r.service, q.Context(), decode, func(ctx context.Context, message any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return t.intercept(ctx, message, info, handle)
	})
}

// decode makes a message of a request: body, then path, then query.
func (r route) decode(m protoreflect.Message, body []byte, values []string, query url.Values) error {
	if r.body != "" {
		into := m
		if r.body != "*" {
			into = m.Mutable(m.Descriptor().Fields().ByName(protoreflect.Name(r.body))).Message()
		}
		if err := protojson.Unmarshal(body, into.Interface()); err != nil {
			return invalid("Invalid JSON payload received. %v", err)
		}
	}
	for i, name := range r.variables {
		if err := set(m, name, values[i]); err != nil {
			return err
		}
	}
	for name, all := range query {
		if strings.HasPrefix(name, "$") {
			continue
		}
		for _, v := range all {
			if err := set(m, name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// set fills a field by its name or its name in JSON.
func set(m protoreflect.Message, name, text string) error {
	fields := m.Descriptor().Fields()
	f := fields.ByName(protoreflect.Name(name))
	if f == nil {
		f = fields.ByJSONName(name)
	}
	if f == nil || f.IsMap() {
		return invalid("Invalid JSON payload received. Unknown name %q: Cannot bind query parameter.", name)
	}
	v, err := scalar(f, text)
	if err != nil {
		return invalid("Invalid value at '%s': %v", name, err)
	}
	if f.IsList() {
		m.Mutable(f).List().Append(v)
	} else {
		m.Set(f, v)
	}
	return nil
}

func scalar(f protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(text)
		return protoreflect.ValueOfBool(b), err
	case protoreflect.Uint32Kind:
		n, err := strconv.ParseUint(text, 10, 32)
		return protoreflect.ValueOfUint32(uint32(min(n, math.MaxUint32))), err
	case protoreflect.Int32Kind:
		n, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), err
	}
	return protoreflect.Value{}, fmt.Errorf("a field of the kind %s cannot be a parameter", f.Kind())
}

// statuses are those of HTTP for the codes of gRPC.
var statuses = map[codes.Code]int{
	codes.InvalidArgument: 400, codes.FailedPrecondition: 400, codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.NotFound: 404,
	codes.AlreadyExists: 409, codes.Aborted: 409, codes.ResourceExhausted: 429, codes.Unimplemented: 501, codes.Unavailable: 503,
}

// writeError writes an error as Google's APIs do. GKE says ABORTED of a name that is
// taken over REST; Compute Engine gives reasons.
func writeError(w http.ResponseWriter, err error, compute bool) {
	s := status.Convert(err)
	code, ok := statuses[s.Code()]
	if !ok {
		code = http.StatusInternalServerError
	}
	if compute && s.Code() == codes.FailedPrecondition {
		code = http.StatusPreconditionFailed
	}
	name := strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(s.Code().String(), "${1}_$2"))
	reason := map[codes.Code]string{codes.AlreadyExists: "alreadyExists", codes.NotFound: "notFound", codes.PermissionDenied: "forbidden"}[s.Code()]
	if s.Code() == codes.AlreadyExists && !compute {
		name = "ABORTED"
	}
	var details []json.RawMessage
	for _, d := range s.Proto().GetDetails() {
		if raw, err := protojson.Marshal(d); err == nil {
			details = append(details, raw)
		}
	}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.RetryInfo:
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.GetRetryDelay().AsDuration().Seconds()))))
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		}
	}
	body := map[string]any{"code": code, "message": s.Message(), "status": name, "details": details}
	if reason != "" {
		body["errors"] = []any{map[string]any{"message": s.Message(), "domain": "global", "reason": reason}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": body})
}
