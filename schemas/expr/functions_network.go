package expr

import (
	"errors"
	"fmt"
	"math/big"
	"net"

	"github.com/apparentlymart/go-cidr/cidr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var prefixParam = function.Parameter{Name: "prefix", Type: cty.String}

var cidrHostFunc = function.New(&function.Spec{
	Params:       []function.Parameter{prefixParam, {Name: "hostnum", Type: cty.Number}},
	Type:         function.StaticReturnType(cty.String),
	RefineResult: notNull,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parseCIDR(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		host, err := wholeNumber(args, 1)
		if err != nil {
			return cty.NilVal, err
		}
		ip, err := cidr.HostBig(network, host)
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		return cty.StringVal(ip.String()), nil
	},
})

var cidrNetmaskFunc = function.New(&function.Spec{
	Params:       []function.Parameter{prefixParam},
	Type:         function.StaticReturnType(cty.String),
	RefineResult: notNull,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parseCIDR(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if network.IP.To4() == nil {
			return cty.NilVal, function.NewArgErrorf(0, "only IPv4 networks have a netmask")
		}
		return cty.StringVal(net.IP(network.Mask).String()), nil
	},
})

var cidrSubnetFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		prefixParam,
		{Name: "newbits", Type: cty.Number},
		{Name: "netnum", Type: cty.Number},
	},
	Type:         function.StaticReturnType(cty.String),
	RefineResult: notNull,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		network, err := parseCIDR(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		bits, err := newBits(args, 1)
		if err != nil {
			return cty.NilVal, err
		}
		number, err := wholeNumber(args, 2)
		if err != nil {
			return cty.NilVal, err
		}
		subnet, err := cidr.SubnetBig(network, bits, number)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(subnet.String()), nil
	},
})

// cidrSubnetsFunc cuts consecutive networks out of one; each argument is how
// many bits longer than the whole's the next prefix is.
var cidrSubnetsFunc = function.New(&function.Spec{
	Params:       []function.Parameter{prefixParam},
	VarParam:     &function.Parameter{Name: "newbits", Type: cty.Number},
	Type:         function.StaticReturnType(cty.List(cty.String)),
	RefineResult: notNull,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		whole, err := parseCIDR(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if len(args) == 1 {
			return cty.ListValEmpty(cty.String), nil
		}
		prefix, _ := whole.Mask.Size()
		subnets := make([]cty.Value, 0, len(args)-1)
		var last *net.IPNet
		for i := range args[1:] {
			bits, err := newBits(args, i+1)
			if err != nil {
				return cty.NilVal, err
			}
			if last, err = nextSubnet(whole, last, prefix, bits); err != nil {
				return cty.NilVal, function.NewArgError(i+1, err)
			}
			subnets = append(subnets, cty.StringVal(last.String()))
		}
		return cty.ListVal(subnets), nil
	},
})

func nextSubnet(whole, last *net.IPNet, prefix, bits int) (*net.IPNet, error) {
	if last == nil {
		return cidr.SubnetBig(whole, bits, new(big.Int))
	}
	next, wrapped := cidr.NextSubnet(last, prefix+bits)
	if wrapped || !whole.Contains(next.IP) {
		return nil, fmt.Errorf("%s has no room left for a network of /%d", whole, prefix+bits)
	}
	return next, nil
}

func parseCIDR(v cty.Value) (*net.IPNet, error) {
	_, network, err := net.ParseCIDR(v.AsString())
	if err != nil {
		return nil, function.NewArgErrorf(0, "%q is not a network in CIDR notation, such as 10.0.0.0/8", v.AsString())
	}
	return network, nil
}

// newBits reads how many bits a prefix grows by. The bound keeps any sum of it
// and a prefix length in range.
func newBits(args []cty.Value, i int) (int, error) {
	n, err := wholeNumber(args, i)
	if err != nil {
		return 0, err
	}
	if n.Sign() < 0 || n.Cmp(big.NewInt(128)) > 0 {
		return 0, function.NewArgError(i, errors.New("it must be from 0 to 128"))
	}
	return int(n.Int64()), nil
}

func wholeNumber(args []cty.Value, i int) (*big.Int, error) {
	n, accuracy := args[i].AsBigFloat().Int(nil)
	if n == nil || accuracy != big.Exact {
		return nil, function.NewArgErrorf(i, "it must be a whole number")
	}
	return n, nil
}
