//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// The examples for which nothing is needed but this machine and its Docker engine
// are applied, and used as their README.md says.

func TestTheMuseumExample(t *testing.T) {
	w := newWorkspace(t, "museum")
	w.must(0, "apply", "-auto-approve")
	for _, c := range []struct{ call, answer string }{
		{"tools/list", "search_rooms"},
		{"opening_hours day=Monday", "Closed on Mondays."},
		{"opening_hours", "Open from 10 to 18."},
		{"sun", "[audio, audio/wav, 1244 bytes]"},
		{"label text=aaaaaaaaaa_bbbbbbbbbb_cccccccccc width=20", "aaaaaaaaaa_bbbbbbbbb\nb_cccccccccc"},
		{"search_rooms query=horse", "museum://rooms/painting.md:3"},
		{"resources/read uri=museum://works/blue-horse", `"page":"https://museum.example/works/blue-horse"`},
		{"prompts/get name=tour interest=stone", "60 minutes for somebody who likes stone"},
		{"prompts/get name=describe", "[image, image/png, 104 bytes]"},
	} {
		t.Run(c.call, func(t *testing.T) {
			args := append([]string{"call", "http://localhost:8080"}, strings.Fields(c.call)...)
			contains(t, w.must(0, args...).stdout, c.answer)
		})
	}
	contains(t, w.must(1, "call", "http://localhost:8080", "buy_ticket").stdout, "at the desk only")
	w.must(0, "plan", "-detailed-exitcode")
}

func TestTheHardenedExample(t *testing.T) {
	w := newWorkspace(t, "hardened")
	const key = "b4f2c6d8e0a1b3c5"
	w.env = append(w.env, "ERLMCP_VAR_batch_key="+key, "ERLMCP_VAR_state_key=0123456789abcdef", "ERLMCP_HMAC_SECRET="+key)
	w.must(0, "cert", "-client", "agent")
	w.must(0, "apply", "-auto-approve")
	call := func(code int, args ...string) string {
		t.Helper()
		return w.must(code, append([]string{"call", "-ca", "certs/ca.pem", "https://localhost:8443/payroll/mcp"}, args...)...).String()
	}
	agent, batch := []string{"-cert", "certs/client.pem", "-key", "certs/client.key"}, []string{"-hmac", "batch"}
	contains(t, call(0, append(agent, "payslip_of", "person=ada")...), "ada: 2,400.00")
	contains(t, call(0, append(batch, "run")...), "Paid.")
	for name, args := range map[string][]string{
		"agents do not see the run":           append(agent, "run"),
		"the batch system sees no payslips":   append(batch, "payslip_of", "person=ada"),
		"who says nothing of itself is out":   {"tools/list"},
		"a person is a name and nothing else": append(agent, "payslip_of", "person=../ada"),
	} {
		t.Run(name, func(t *testing.T) { call(1, args...) })
	}
	w.must(0, "plan", "-detailed-exitcode")
	contains(t, w.must(0, "receipts", "verify", "receipts").stdout, "The receipts hold up.")
	if strings.Contains(w.printed.String(), key) {
		t.Error("the key of the batch system was printed")
	}
}

func TestTheFleetExample(t *testing.T) {
	w := newWorkspace(t, "fleet")
	contains(t, w.must(0, "apply", "-auto-approve").stdout, "Applied: 6 created.")
	contains(t, w.must(0, "apply", "-auto-approve", "-var", "teams={ data = { port = 8301 }, art = { port = 8302 } }").stdout,
		"Applied: 1 created, 1 updated, 1 replaced, 1 deleted.")
	contains(t, w.must(0, "apply", "-auto-approve", "-var", "world=here").stdout, `server.team["web"]@host.here/process: created`)
	contains(t, w.must(0, "call", "http://localhost:8202", "ask", "query=team").stdout, "We are the team web.")
	w.must(0, "plan", "-detailed-exitcode", "-var", "world=here")
}

func TestTheEdgeExample(t *testing.T) {
	w := newWorkspace(t, "edge")
	w.env = append(w.env, "ERLMCP_VAR_arch=amd64")
	w.must(0, "apply", "-auto-approve")
	for _, url := range []string{"http://localhost:8301", "http://localhost:8302"} {
		contains(t, w.must(0, "call", url, "tools/list").stdout, "temperature")
	}
	w.must(0, "plan", "-detailed-exitcode")
}
