package cloud

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type firewalls struct {
	computepb.UnimplementedFirewallsServer
	*Cloud
}

type policies struct {
	computepb.UnimplementedSslPoliciesServer
	*Cloud
}

type certificates struct {
	computepb.UnimplementedSslCertificatesServer
	*Cloud
}

func (s firewalls) folder(project string) string    { return globalOf(project) + "/firewalls" }
func (s policies) folder(project string) string     { return globalOf(project) + "/sslPolicies" }
func (s certificates) folder(project string) string { return globalOf(project) + "/sslCertificates" }

func (s firewalls) Get(_ context.Context, q *computepb.GetFirewallRequest) (*computepb.Firewall, error) {
	return look[*computepb.Firewall](s.Cloud, s.folder(q.GetProject()), q.GetFirewall())
}

func (s firewalls) List(_ context.Context, q *computepb.ListFirewallsRequest) (*computepb.FirewallList, error) {
	items, err := list[*computepb.Firewall](s.Cloud, s.folder(q.GetProject()), q.GetFilter())
	return &computepb.FirewallList{Items: items}, err
}

func (s firewalls) check(f *computepb.Firewall) error {
	if n := f.GetNetwork(); !s.networks[n[strings.LastIndex(n, "/")+1:]] || !strings.Contains(n, "global/networks/") {
		return missing(n)
	}
	if len(f.GetAllowed()) == 0 && len(f.GetDenied()) == 0 {
		return invalid("Required field 'resource.allowed' not specified")
	}
	for _, r := range f.GetSourceRanges() {
		if _, err := netip.ParsePrefix(r); err != nil {
			return invalid("Invalid value for field 'resource.sourceRanges': '%s'.", r)
		}
	}
	return nil
}

func (s firewalls) Insert(_ context.Context, q *computepb.InsertFirewallRequest) (*computepb.Operation, error) {
	f := proto.CloneOf(q.GetFirewallResource())
	if err := s.check(f); err != nil {
		return nil, err
	}
	if f.Priority == nil {
		f.Priority = proto.Int32(1000)
	}
	return s.insert(s.folder(q.GetProject()), q.GetRequestId(), f)
}

func (s firewalls) Update(_ context.Context, q *computepb.UpdateFirewallRequest) (*computepb.Operation, error) {
	folder, next := s.folder(q.GetProject()), proto.CloneOf(q.GetFirewallResource())
	now, err := look[*computepb.Firewall](s.Cloud, folder, q.GetFirewall())
	if err == nil {
		err = s.check(next)
	}
	if err == nil && (next.GetName() != now.GetName() || next.GetNetwork() != now.GetNetwork() || next.GetDirection() != now.GetDirection()) {
		err = invalid("Invalid value for field 'resource': name, network and direction cannot be changed.")
	}
	if err != nil {
		return nil, err
	}
	return s.change(folder, q.GetFirewall(), q.GetRequestId(), "update", func() { s.objects[folder+"/"+q.GetFirewall()] = next })
}

func (s firewalls) Delete(_ context.Context, q *computepb.DeleteFirewallRequest) (*computepb.Operation, error) {
	return s.remove(s.folder(q.GetProject()), q.GetFirewall(), q.GetRequestId())
}

func (s policies) Get(_ context.Context, q *computepb.GetSslPolicyRequest) (*computepb.SslPolicy, error) {
	return look[*computepb.SslPolicy](s.Cloud, s.folder(q.GetProject()), q.GetSslPolicy())
}

func (s policies) List(_ context.Context, q *computepb.ListSslPoliciesRequest) (*computepb.SslPoliciesList, error) {
	items, err := list[*computepb.SslPolicy](s.Cloud, s.folder(q.GetProject()), q.GetFilter())
	return &computepb.SslPoliciesList{Items: items}, err
}

func (s policies) check(p *computepb.SslPolicy) error {
	if !slices.Contains([]string{"COMPATIBLE", "MODERN", "RESTRICTED", "CUSTOM"}, p.GetProfile()) {
		return invalid("Invalid value for field 'resource.profile': '%s'.", p.GetProfile())
	}
	if p.GetProfile() == "RESTRICTED" && p.GetMinTlsVersion() != "TLS_1_2" {
		return invalid("The profile RESTRICTED needs TLS 1.2.")
	}
	return nil
}

func (s policies) Insert(_ context.Context, q *computepb.InsertSslPolicyRequest) (*computepb.Operation, error) {
	p := proto.CloneOf(q.GetSslPolicyResource())
	if err := s.check(p); err != nil {
		return nil, err
	}
	p.Fingerprint = proto.String(s.fingerprint())
	return s.insert(s.folder(q.GetProject()), q.GetRequestId(), p)
}

func (s policies) Patch(_ context.Context, q *computepb.PatchSslPolicyRequest) (*computepb.Operation, error) {
	folder := s.folder(q.GetProject())
	next, err := look[*computepb.SslPolicy](s.Cloud, folder, q.GetSslPolicy())
	if err == nil && s.requests[q.GetRequestId()] == nil && q.GetSslPolicyResource().GetFingerprint() != next.GetFingerprint() {
		err = status.Error(codes.FailedPrecondition, "Invalid fingerprint.")
	}
	if err != nil {
		return nil, err
	}
	proto.Merge(next, q.GetSslPolicyResource())
	if err := s.check(next); err != nil {
		return nil, err
	}
	return s.change(folder, q.GetSslPolicy(), q.GetRequestId(), "patch", func() {
		next.Fingerprint = proto.String(s.fingerprint())
		s.objects[folder+"/"+q.GetSslPolicy()] = next
	})
}

func (s policies) Delete(_ context.Context, q *computepb.DeleteSslPolicyRequest) (*computepb.Operation, error) {
	return s.remove(s.folder(q.GetProject()), q.GetSslPolicy(), q.GetRequestId())
}

func (s certificates) Get(_ context.Context, q *computepb.GetSslCertificateRequest) (*computepb.SslCertificate, error) {
	return look[*computepb.SslCertificate](s.Cloud, s.folder(q.GetProject()), q.GetSslCertificate())
}

func (s certificates) List(_ context.Context, q *computepb.ListSslCertificatesRequest) (*computepb.SslCertificateList, error) {
	items, err := list[*computepb.SslCertificate](s.Cloud, s.folder(q.GetProject()), q.GetFilter())
	return &computepb.SslCertificateList{Items: items}, err
}

func (s certificates) Insert(_ context.Context, q *computepb.InsertSslCertificateRequest) (*computepb.Operation, error) {
	k := proto.CloneOf(q.GetSslCertificateResource())
	if k.GetType() != "MANAGED" || len(k.GetManaged().GetDomains()) == 0 || k.GetManaged().Status != nil {
		return nil, invalid("Invalid value for field 'resource.managed'.")
	}
	for _, d := range k.GetManaged().GetDomains() {
		if !strings.Contains(d, ".") || strings.ContainsAny(d, "*/:") {
			return nil, invalid("Invalid value for field 'resource.managed.domains': '%s'.", d)
		}
	}
	k.Managed.Status = proto.String("PROVISIONING")
	return s.insert(s.folder(q.GetProject()), q.GetRequestId(), k)
}

func (s certificates) Delete(_ context.Context, q *computepb.DeleteSslCertificateRequest) (*computepb.Operation, error) {
	return s.remove(s.folder(q.GetProject()), q.GetSslCertificate(), q.GetRequestId())
}
