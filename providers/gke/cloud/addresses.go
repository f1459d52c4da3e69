package cloud

import (
	"context"
	"fmt"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"
)

type addresses struct {
	computepb.UnimplementedAddressesServer
	*Cloud
}

type globalAddresses struct {
	computepb.UnimplementedGlobalAddressesServer
	*Cloud
}

type globalOperations struct {
	computepb.UnimplementedGlobalOperationsServer
	*Cloud
}

type regionOperations struct {
	computepb.UnimplementedRegionOperationsServer
	*Cloud
}

func regionOf(project, region string) string { return "projects/" + project + "/regions/" + region }
func globalOf(project string) string         { return "projects/" + project + "/global" }

func (s globalOperations) Get(_ context.Context, q *computepb.GetGlobalOperationRequest) (*computepb.Operation, error) {
	return s.operationAt(globalOf(q.GetProject()), q.GetOperation())
}

func (s regionOperations) Get(_ context.Context, q *computepb.GetRegionOperationRequest) (*computepb.Operation, error) {
	return s.operationAt(regionOf(q.GetProject(), q.GetRegion()), q.GetOperation())
}

func (s addresses) folder(project, region string) string {
	return regionOf(project, region) + "/addresses"
}

func (s addresses) Get(_ context.Context, q *computepb.GetAddressRequest) (*computepb.Address, error) {
	return look[*computepb.Address](s.Cloud, s.folder(q.GetProject(), q.GetRegion()), q.GetAddress())
}

func (s addresses) List(_ context.Context, q *computepb.ListAddressesRequest) (*computepb.AddressList, error) {
	items, err := list[*computepb.Address](s.Cloud, s.folder(q.GetProject(), q.GetRegion()), q.GetFilter())
	return &computepb.AddressList{Items: items}, err
}

func (s addresses) Insert(_ context.Context, q *computepb.InsertAddressRequest) (*computepb.Operation, error) {
	region := "https://www.googleapis.com/compute/v1/" + regionOf(q.GetProject(), q.GetRegion())
	return s.reserve(s.folder(q.GetProject(), q.GetRegion()), q.GetRequestId(), q.GetAddressResource(), &region)
}

func (s addresses) Delete(_ context.Context, q *computepb.DeleteAddressRequest) (*computepb.Operation, error) {
	return s.remove(s.folder(q.GetProject(), q.GetRegion()), q.GetAddress(), q.GetRequestId())
}

func (s globalAddresses) Get(_ context.Context, q *computepb.GetGlobalAddressRequest) (*computepb.Address, error) {
	return look[*computepb.Address](s.Cloud, globalOf(q.GetProject())+"/addresses", q.GetAddress())
}

func (s globalAddresses) List(_ context.Context, q *computepb.ListGlobalAddressesRequest) (*computepb.AddressList, error) {
	items, err := list[*computepb.Address](s.Cloud, globalOf(q.GetProject())+"/addresses", q.GetFilter())
	return &computepb.AddressList{Items: items}, err
}

func (s globalAddresses) Insert(_ context.Context, q *computepb.InsertGlobalAddressRequest) (*computepb.Operation, error) {
	return s.reserve(globalOf(q.GetProject())+"/addresses", q.GetRequestId(), q.GetAddressResource(), nil)
}

func (s globalAddresses) Delete(_ context.Context, q *computepb.DeleteGlobalAddressRequest) (*computepb.Operation, error) {
	return s.remove(globalOf(q.GetProject())+"/addresses", q.GetAddress(), q.GetRequestId())
}

// reserve makes an address.
func (c *Cloud) reserve(folder, request string, asked *computepb.Address, region *string) (*computepb.Operation, error) {
	a := proto.CloneOf(asked)
	if err := checkLabels(a.GetLabels()); err != nil {
		return nil, err
	}
	if a.Address != nil && a.GetAddressType() != "INTERNAL" || a.Status != nil || a.SelfLink != nil {
		return nil, invalid("Invalid value for field 'resource': an output only field is set.")
	}
	number := c.number()
	a.Address = proto.String(fmt.Sprintf("198.51.%d.%d", 100+number/250%2, 1+number%250))
	a.Status, a.Region, a.LabelFingerprint = proto.String("RESERVED"), region, proto.String(c.fingerprint())
	return c.insert(folder, request, a)
}
