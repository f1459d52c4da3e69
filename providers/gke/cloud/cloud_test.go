package cloud

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	parent      = "projects/p/locations/europe-west1-b"
	clusterPath = parent + "/clusters/k"
)

// listen serves a cloud until the test ends.
func listen(t *testing.T) (*Cloud, Endpoints) {
	t.Helper()
	c := New(0)
	at, stop, err := c.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c, at
}

// overBoth runs a test with a client of GKE for each of its wire formats.
func overBoth(t *testing.T, do func(*testing.T, *Cloud, *container.ClusterManagerClient)) {
	for name, open := range map[string]func(context.Context, Endpoints) (*container.ClusterManagerClient, error){
		"gRPC": func(ctx context.Context, at Endpoints) (*container.ClusterManagerClient, error) {
			return container.NewClusterManagerClient(ctx, option.WithEndpoint(strings.TrimPrefix(at.GRPC, "grpc://")), option.WithoutAuthentication(),
				option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
		},
		"REST": func(ctx context.Context, at Endpoints) (*container.ClusterManagerClient, error) {
			return container.NewClusterManagerRESTClient(ctx, option.WithEndpoint(at.REST), option.WithoutAuthentication())
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, at := listen(t)
			client, err := open(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { client.Close() })
			do(t, c, client)
		})
	}
}

// refused fails the test unless err is a refusal with that code, of gRPC or of HTTP
// as it came, and with the text.
func refused(t *testing.T, err error, code codes.Code, web int, text string) {
	t.Helper()
	got, want := int(status.Code(err)), int(code)
	if e := (*googleapi.Error)(nil); errors.As(err, &e) {
		got, want = e.Code, web
	}
	if err == nil || got != want || !strings.Contains(err.Error(), text) {
		t.Errorf("it is refused with %d, want %d and %q: %v", got, want, text, err)
	}
}

// cluster asks for a small one.
func cluster(change func(*containerpb.Cluster)) *containerpb.CreateClusterRequest {
	k := &containerpb.Cluster{
		Name: "k", ReleaseChannel: &containerpb.ReleaseChannel{Channel: containerpb.ReleaseChannel_REGULAR},
		NodePools: []*containerpb.NodePool{{Name: "main", Management: &containerpb.NodeManagement{AutoUpgrade: true, AutoRepair: true}}},
	}
	change(k)
	return &containerpb.CreateClusterRequest{Parent: parent, Cluster: k}
}

func asItIs(*containerpb.Cluster) {}

func TestClustersThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*containerpb.Cluster)
		says   string
	}{
		"a network that is not there": {func(k *containerpb.Cluster) { k.Network = "other" }, "no network"},
		"no nodes":                    {func(k *containerpb.Cluster) { k.NodePools = nil }, "initial_node_count"},
		"pools of an Autopilot":       {func(k *containerpb.Cluster) { k.Autopilot = &containerpb.Autopilot{Enabled: true} }, "cannot be specified"},
		"what only GKE says":          {func(k *containerpb.Cluster) { k.Endpoint = "203.0.113.9" }, "output only"},
		"a name that is none":         {func(k *containerpb.Cluster) { k.Name = "K" }, "cluster.name"},
		"a label that is none":        {func(k *containerpb.Cluster) { k.ResourceLabels = map[string]string{"A": "b"} }, "Invalid resource label"},
		"a machine that is none": {func(k *containerpb.Cluster) {
			k.NodePools[0].Config = &containerpb.NodeConfig{MachineType: "big"}
		}, "does not exist"},
		"no upgrades in a channel": {func(k *containerpb.Cluster) { k.NodePools[0].Management.AutoUpgrade = false }, "Auto_upgrade must be true"},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, google *Cloud, client *container.ClusterManagerClient) {
				_, err := client.CreateCluster(t.Context(), cluster(c.change))
				refused(t, err, codes.InvalidArgument, http.StatusBadRequest, c.says)
				if there := google.Objects(""); len(there) > 0 {
					t.Errorf("there are %v", there)
				}
			})
		})
	}
}

// TestOperationsTakeTheirTime makes a cluster: while that goes on, nothing else may be
// done to it.
func TestOperationsTakeTheirTime(t *testing.T) {
	overBoth(t, func(t *testing.T, google *Cloud, client *container.ClusterManagerClient) {
		ctx := t.Context()
		google.Hold(true)
		op, err := client.CreateCluster(ctx, cluster(asItIs))
		if err != nil || op.GetStatus() != containerpb.Operation_RUNNING {
			t.Fatalf("the operation is %v (%v)", op, err)
		}
		_, err = client.CreateCluster(ctx, cluster(asItIs))
		refused(t, err, codes.AlreadyExists, http.StatusConflict, "Already exists")
		change := &containerpb.UpdateClusterRequest{Name: clusterPath, Update: &containerpb.ClusterUpdate{DesiredLocations: []string{"europe-west1-c"}}}
		_, err = client.UpdateCluster(ctx, change)
		refused(t, err, codes.FailedPrecondition, http.StatusBadRequest, "incompatible operation")

		google.Hold(false)
		if op, err = client.GetOperation(ctx, &containerpb.GetOperationRequest{Name: parent + "/operations/" + op.GetName()}); err != nil || op.GetStatus() != containerpb.Operation_DONE {
			t.Fatalf("the operation is %v (%v)", op, err)
		}
		if _, err = client.UpdateCluster(ctx, change); err != nil {
			t.Error(err)
		}
		k, err := client.GetCluster(ctx, &containerpb.GetClusterRequest{Name: clusterPath})
		if err != nil || k.GetStatus() != containerpb.Cluster_RUNNING || k.GetLocations()[0] != "europe-west1-c" {
			t.Errorf("the cluster is %v (%v)", k, err)
		}
		change.Update.DesiredReleaseChannel = &containerpb.ReleaseChannel{Channel: containerpb.ReleaseChannel_STABLE}
		_, err = client.UpdateCluster(ctx, change)
		refused(t, err, codes.InvalidArgument, http.StatusBadRequest, "Exactly one update")
	})
}

// TestALostReply has a request carried out that seems to have failed.
func TestALostReply(t *testing.T) {
	overBoth(t, func(t *testing.T, google *Cloud, client *container.ClusterManagerClient) {
		google.Fail(func(Call) Fault { return Fault{Lose: true} })
		if _, err := client.CreateCluster(t.Context(), cluster(asItIs)); err == nil {
			t.Error("there is a reply")
		}
		google.Fail(nil)
		if _, err := client.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterPath}); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUnknownFieldIsRefused(t *testing.T) {
	_, at := listen(t)
	for path, body := range map[string]string{
		"/v1/" + parent + "/clusters":                      `{"cluster":{"name":"k","nodePools":[{"name":"main","size":3}]}}`,
		"/compute/v1/projects/p/global/firewalls":          `{"name":"f","port":80}`,
		"/compute/v1/projects/p/global/firewalls?colour=1": `{"name":"f"}`,
	} {
		r, err := http.Post(at.REST+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusBadRequest || !strings.Contains(string(said), "Invalid JSON payload received") {
			t.Errorf("%s %s: %d %s (%v)", path, body, r.StatusCode, said, err)
		}
	}
}

func TestFirewallRules(t *testing.T) {
	_, at := listen(t)
	client, err := compute.NewFirewallsRESTClient(t.Context(), option.WithEndpoint(at.REST), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	rule := func(network string) *computepb.Firewall {
		return &computepb.Firewall{
			Name: proto.String("f"), Network: proto.String("projects/p/global/networks/" + network), Direction: proto.String("INGRESS"),
			Allowed: []*computepb.Allowed{{IPProtocol: proto.String("tcp")}}, SourceRanges: []string{"10.0.0.0/8"},
		}
	}
	insert := func(request string, f *computepb.Firewall) (*compute.Operation, error) {
		return client.Insert(t.Context(), &computepb.InsertFirewallRequest{Project: "p", RequestId: proto.String(request), FirewallResource: f})
	}
	_, err = insert("1", rule("other"))
	refused(t, err, 0, http.StatusNotFound, "networks/other")
	op, err := insert("2", rule("default"))
	if err == nil {
		err = op.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := insert("2", rule("default")) // the same request, whose reply may have been lost
	if err != nil || again.Name() != op.Name() {
		t.Errorf("the same request is %v (%v)", again, err)
	}
	_, err = insert("3", rule("default"))
	refused(t, err, 0, http.StatusConflict, "already exists")
	moved := rule("default")
	moved.Direction = proto.String("EGRESS")
	_, err = client.Update(t.Context(), &computepb.UpdateFirewallRequest{Project: "p", Firewall: "f", FirewallResource: moved})
	refused(t, err, 0, http.StatusBadRequest, "cannot be changed")
}
