package gke

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// refusal is what an API's error says, whichever way it came.
type refusal struct {
	code     codes.Code
	web      int // status of HTTP; 0 over gRPC
	message  string
	reason   string            // such as "SERVICE_DISABLED" or "quotaExceeded"
	metadata map[string]string // of the reason
}

func refusalOf(err error) refusal {
	r := refusal{code: codes.Unknown, message: err.Error()}
	var web *googleapi.Error
	if errors.As(err, &web) {
		r.web, r.code = web.Code, codeOf(web)
		if web.Message != "" {
			r.message = web.Message
		}
		if len(web.Errors) > 0 {
			r.reason = web.Errors[0].Reason
		}
		r.detail(web)
	} else if s, ok := status.FromError(err); ok {
		r.code, r.message = s.Code(), s.Message()
	}
	if api, ok := apierror.FromError(err); ok {
		if api.Reason() != "" {
			r.reason, r.metadata = api.Reason(), api.Metadata()
		}
		for _, v := range api.Details().QuotaFailure.GetViolations() {
			r.message += " (" + v.GetSubject() + ": " + v.GetDescription() + ")"
		}
	}
	return r
}

// detail reads the reason in the details of an error of REST. Those of Compute Engine
// are more than apierror takes.
func (r *refusal) detail(web *googleapi.Error) {
	for _, d := range web.Details {
		m, _ := d.(map[string]any)
		if kind, _ := m["@type"].(string); !strings.HasSuffix(kind, "google.rpc.ErrorInfo") {
			continue
		}
		if reason, ok := m["reason"].(string); ok {
			r.reason, r.metadata = reason, map[string]string{}
		}
		all, _ := m["metadata"].(map[string]any)
		for name, v := range all {
			r.metadata[name], _ = v.(string)
		}
	}
}

// codeOf is the code of gRPC that a status of HTTP stands for. ABORTED and
// ALREADY_EXISTS share one.
func codeOf(e *googleapi.Error) codes.Code {
	switch e.Code {
	case http.StatusBadRequest:
		if strings.Contains(e.Body, "FAILED_PRECONDITION") {
			return codes.FailedPrecondition
		}
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound:
		return codes.NotFound
	case http.StatusConflict:
		return codes.AlreadyExists
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	}
	return codes.Unknown
}

func isMissing(err error) bool { return err != nil && refusalOf(err).code == codes.NotFound }

// isTaken reports whether an object of the name is there already: ALREADY_EXISTS over
// gRPC, ABORTED or ALREADY_EXISTS with the status 409 over REST.
func isTaken(err error) bool {
	if err == nil {
		return false
	}
	c := refusalOf(err).code
	return c == codes.AlreadyExists || c == codes.Aborted
}

// isUsed reports whether something else uses an object that is to go.
func isUsed(err error) bool {
	if err == nil {
		return false
	}
	r := refusalOf(err)
	return r.reason == "resourceInUseByAnotherResource" || strings.Contains(r.message, "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")
}

// isBusy reports whether the same may be asked for later: another operation on the
// cluster has to end first, or it has changed since it was looked at.
func isBusy(err error) bool {
	if err == nil {
		return false
	}
	r := refusalOf(err)
	message := strings.ToLower(r.message)
	return r.code == codes.FailedPrecondition && slices.ContainsFunc([]string{"operation", "fingerprint", "resource version"}, func(s string) bool { return strings.Contains(message, s) })
}

var (
	permissionForm = regexp.MustCompile(`[Rr]equired ["']([\w.]+)["'] permission|[Pp]ermission ["']([\w.]+)["'] denied`)
	quotaForm      = regexp.MustCompile(`[Qq]uota ["']([\w./-]+)["']|resource "([A-Z_0-9]+)"`)
	stockoutForm   = regexp.MustCompile(`ZONE_RESOURCE_POOL_EXHAUSTED|GCE_STOCKOUT|does not have enough resources`)
)

// explain makes of an API's error what people can act on. Doing says what was
// attempted: "create the cluster acme".
func (c *client) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var given *diag.Diagnostic
	if errors.As(err, &given) {
		return err
	}
	r := refusalOf(err)
	said := strings.TrimSuffix(strings.TrimSpace(r.message), ".")
	switch {
	case nobody(err):
		return &resource.Unreachable{Err: refuse(c.target, "no answer from Google Cloud", "To %s: %s.", doing, said).
			Fix("Check the network of this machine, and the endpoints of the target.")}
	case r.code == codes.Unauthenticated:
		return refuse(c.target, "the credentials are not valid", "To %s: %s.", doing, said).
			Fix("Log in again: gcloud auth application-default login.")
	case r.reason == "SERVICE_DISABLED" || r.reason == "accessNotConfigured":
		service := r.metadata["service"]
		if service == "" {
			service = "container.googleapis.com compute.googleapis.com"
		}
		return refuse(c.target, "an API is not enabled", "To %s: %s.", doing, said).
			Fix("Enable it: gcloud services enable %s --project=%s.", service, c.Project)
	case stockoutForm.MatchString(r.message):
		return refuse(c.target, "Google has no such machines left there", "To %s: %s.", doing, said).
			Fix("Name other zones or another machine type, or try again later.")
	case r.isQuota():
		return c.quota(doing, said, r)
	case r.code == codes.PermissionDenied:
		return c.permission(doing, said, r)
	}
	return fmt.Errorf("%s: %w", doing, errors.New(said))
}

func (r refusal) isQuota() bool {
	return r.code == codes.ResourceExhausted || r.reason == "quotaExceeded" || strings.Contains(r.message, "QUOTA_EXCEEDED") ||
		r.code != codes.Unknown && quotaForm.MatchString(r.message) && strings.Contains(strings.ToLower(r.message), "quota")
}

func (c *client) quota(doing, said string, r refusal) error {
	name := "the quota"
	if m := quotaForm.FindStringSubmatch(r.message); m != nil {
		name = m[1] + m[2]
	} else if metric := r.metadata["quota_metric"]; metric != "" {
		name = metric
	}
	return refuse(c.target, "a quota is used up: "+name, "To %s: %s.", doing, said).
		Fix("Ask for more of %s: https://console.cloud.google.com/iam-admin/quotas?project=%s. Or ask for less: fewer or smaller nodes, fewer addresses.", name, c.Project)
}

func (c *client) permission(doing, said string, r refusal) error {
	name := r.metadata["permission"]
	if m := permissionForm.FindStringSubmatch(r.message); name == "" && m != nil {
		name = m[1] + m[2]
	}
	who := "the account of the credentials"
	if c.Impersonate != "" {
		who = c.Impersonate
	}
	if name == "" {
		return refuse(c.target, "a permission is missing", "To %s: %s.", doing, said).
			Fix("Grant %s what it needs in the project %s: roles/container.admin for clusters, roles/compute.networkAdmin and roles/compute.securityAdmin for what leads to them.", who, c.Project)
	}
	return refuse(c.target, "a permission is missing: "+name, "To %s: %s.", doing, said).
		Fix("Grant %s a role with it: gcloud projects add-iam-policy-binding %s --member=MEMBER --role=%s.", who, c.Project, roleWith(name))
}

// roleWith is the smallest usual role with a permission.
func roleWith(permission string) string {
	switch {
	case strings.HasPrefix(permission, "container."):
		return "roles/container.admin"
	case strings.HasPrefix(permission, "iam.serviceAccounts.actAs"):
		return "roles/iam.serviceAccountUser"
	case strings.HasPrefix(permission, "compute.firewalls."), strings.HasPrefix(permission, "compute.ssl"):
		return "roles/compute.securityAdmin"
	case strings.HasPrefix(permission, "serviceusage."):
		return "roles/serviceusage.serviceUsageConsumer"
	}
	return "roles/compute.networkAdmin"
}
