package guard

import (
	"net/http"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestOriginCheck(t *testing.T) {
	local := schemas.Listen{Address: "127.0.0.1"}
	public := schemas.Listen{Address: "0.0.0.0"}
	named := schemas.Listen{Address: "0.0.0.0", Hosts: []string{"MCP.example.com"}}
	pages := schemas.Listen{Address: "127.0.0.1", Origins: []string{"https://app.example.com/", "http://localhost:3000"}}
	tests := map[string]struct {
		listen  schemas.Listen
		host    string
		origins []string
		ok      bool
	}{
		"loopback: address":                  {local, "127.0.0.1:8080", nil, true},
		"loopback: name":                     {local, "localhost:8080", nil, true},
		"loopback: name, no port":            {local, "LOCALHOST.", nil, true},
		"loopback: IPv6":                     {local, "[::1]:8080", nil, true},
		"loopback: IPv6, no port":            {local, "[::1]", nil, true},
		"loopback: another address of it":    {local, "127.0.0.2", nil, true},
		"loopback: rebound name":             {local, "evil.example.com:8080", nil, false},
		"loopback: name that looks like it":  {local, "localhost.evil.example.com", nil, false},
		"loopback: address that looks so":    {local, "127.0.0.1.evil.example.com", nil, false},
		"loopback: another address":          {local, "192.0.2.1:8080", nil, false},
		"loopback: no host":                  {local, "", nil, false},
		"public: any host":                   {public, "api.example.com", nil, true},
		"public: page of a rebound name":     {public, "evil.example.com", []string{"http://evil.example.com"}, false},
		"named: the name":                    {named, "mcp.example.com:443", nil, true},
		"named: another":                     {named, "example.com", nil, false},
		"named: health check from within":    {named, "127.0.0.1:8080", nil, true},
		"page of loopback":                   {local, "localhost:8080", []string{"http://localhost:6274"}, true},
		"page of loopback address":           {local, "localhost:8080", []string{"http://127.0.0.1"}, true},
		"page of IPv6 loopback":              {local, "localhost:8080", []string{"http://[::1]:5173"}, true},
		"page of elsewhere":                  {local, "localhost:8080", []string{"https://evil.example.com"}, false},
		"page of a lookalike":                {local, "localhost:8080", []string{"http://localhost.evil.example.com"}, false},
		"page with user info":                {local, "localhost:8080", []string{"http://localhost@evil.example.com"}, false},
		"page of another scheme":             {local, "localhost:8080", []string{"chrome-extension://localhost"}, false},
		"sandboxed page":                     {local, "localhost:8080", []string{"null"}, false},
		"empty origin":                       {local, "localhost:8080", []string{""}, false},
		"a good and a bad one":               {local, "localhost:8080", []string{"http://localhost", "http://evil.example.com"}, false},
		"listed page":                        {pages, "localhost", []string{"https://app.example.com"}, true},
		"listed page with default port":      {pages, "localhost", []string{"https://APP.example.com:443"}, true},
		"listed page, another port":          {pages, "localhost", []string{"https://app.example.com:444"}, false},
		"listed page, another scheme":        {pages, "localhost", []string{"http://app.example.com"}, false},
		"listed page, another host of it":    {pages, "localhost", []string{"https://x.app.example.com"}, false},
		"loopback page that is not listed":   {pages, "localhost", []string{"http://localhost:3001"}, false},
		"loopback page that is listed":       {pages, "localhost", []string{"http://localhost:3000"}, true},
		"sandboxed page where some are ours": {pages, "localhost", []string{"null"}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{Host: tc.host, Header: http.Header{}}
			if tc.origins != nil {
				r.Header["Origin"] = tc.origins
			}
			if err := NewOrigin(tc.listen).Check(r); (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOriginCheckProbe(t *testing.T) {
	local := schemas.Listen{Address: "127.0.0.1"}
	named := schemas.Listen{Address: "0.0.0.0", Hosts: []string{"mcp.example.com"}}
	tests := map[string]struct {
		listen  schemas.Listen
		host    string
		origins []string
		ok      bool
	}{
		"loopback":                        {local, "127.0.0.1:8080", nil, true},
		"loopback: rebound name":          {local, "evil.example.com", nil, false},
		"loopback: another address":       {local, "192.0.2.1:8080", nil, false},
		"loopback: page of elsewhere":     {local, "localhost", []string{"https://evil.example.com"}, false},
		"named: from within":              {named, "localhost:8080", nil, true},
		"named: address of a pod":         {named, "10.1.2.3:8080", nil, true},
		"named: IPv6 address of a pod":    {named, "[fd00::1]:8080", nil, true},
		"named: another name":             {named, "evil.example.com", nil, false},
		"named: page that asks a pod":     {named, "10.1.2.3:8080", []string{"https://evil.example.com"}, false},
		"public: any name":                {schemas.Listen{Address: "0.0.0.0"}, "service.cluster.local", nil, true},
		"public: page that asks the host": {schemas.Listen{Address: "0.0.0.0"}, "service.cluster.local", []string{"http://evil.example.com"}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{Host: tc.host, Header: http.Header{}}
			if tc.origins != nil {
				r.Header["Origin"] = tc.origins
			}
			if err := NewOrigin(tc.listen).CheckProbe(r); (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
