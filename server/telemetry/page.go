package telemetry

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"strings"
)

// Page is what the status page says of a server, beside its health. It is shown to
// whoever can reach the server: no tool is named, and not what is wrong either,
// which the health checks say.
type Page struct {
	Title, Description string
	Version            string
	Runtime            string // name and version of the program
	Facts              []Fact
	Health             State
}

// Fact is a line of the page.
type Fact struct{ Name, Value string }

// words say what a status means.
var words = map[string]string{
	Healthy: "All is well", Degraded: "Some of it is not well", Unhealthy: "Not well", Draining: "About to stop",
}

// Serve answers with the page. It has no scripts, loads nothing, and says so.
func (p Page) Serve(w http.ResponseWriter, r *http.Request) {
	if !looks(w, r) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(p.html())) // nobody is left to tell when it fails
}

func (p Page) html() string {
	var b strings.Builder
	text := func(parts ...string) {
		for i, s := range parts {
			if i%2 == 1 {
				s = html.EscapeString(s)
			}
			b.WriteString(s)
		}
	}
	text(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`+
		`<meta http-equiv="refresh" content="15"><meta name="color-scheme" content="light dark"><title>`, p.Title, `</title><style>`)
	b.WriteString(style)
	text(`</style></head><body><main><header><h1>`, p.Title, `</h1>`)
	if p.Description != "" {
		text(`<p>`, p.Description, `</p>`)
	}
	text(`</header><section class="state `, p.Health.Status, `"><i></i><strong>`, words[p.Health.Status], `</strong><span>`, p.Health.Status, `</span></section><dl>`)
	for _, f := range p.Facts {
		text(`<div><dt>`, f.Name, `</dt><dd>`, f.Value, `</dd></div>`)
	}
	text(`</dl><ul>`)
	for _, c := range p.Health.Checks {
		text(`<li class="`, c.Status, `"><i></i><span>`, c.Name, `</span><em>`, c.Status, `</em></li>`)
	}
	text(`</ul><footer><span>`, p.Runtime, `</span><span>`, "Version "+p.Version, `</span></footer></main></body></html>`)
	return b.String()
}

const style = `:root{--page:#f5f4f1;--card:#fff;--ink:#23262b;--soft:#6b7078;--line:#e7e5e0;--good:#2f8f5b;--fair:#b7791f;--bad:#c2413b}` +
	`@media (prefers-color-scheme:dark){:root{--page:#15171a;--card:#1d2024;--ink:#e6e7e9;--soft:#969ca5;--line:#2c3036;--good:#57c08a;--fair:#e0a94a;--bad:#ee7a73}}` +
	`*{box-sizing:border-box;margin:0}body{background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:100vh;padding:2rem 1rem}` +
	`main{width:100%;max-width:35rem;background:var(--card);border:1px solid var(--line);border-radius:16px;padding:2.25rem}` +
	`h1{font-size:1.5rem;font-weight:600;letter-spacing:-.01em;overflow-wrap:anywhere}header p{color:var(--soft);margin-top:.3rem}` +
	`i{display:inline-block;width:.6rem;height:.6rem;border-radius:50%;background:var(--tone);flex:none}` +
	`.healthy{--tone:var(--good)}.degraded,.draining{--tone:var(--fair)}.unhealthy{--tone:var(--bad)}` +
	`.state{display:flex;align-items:center;gap:.7rem;margin:1.75rem 0;padding:.9rem 1.1rem;border-radius:10px;background:color-mix(in srgb,var(--tone) 11%,transparent)}` +
	`.state strong{font-weight:600}.state span{margin-left:auto;color:var(--tone);font-size:.875rem}` +
	`dl{display:grid;grid-template-columns:repeat(3,1fr);gap:1.25rem 1rem}dt{color:var(--soft);font-size:.8125rem}dd{font-variant-numeric:tabular-nums;font-weight:500}` +
	`ul{list-style:none;padding:0;margin-top:1.75rem;border-top:1px solid var(--line)}li{display:flex;align-items:center;gap:.7rem;padding:.65rem 0;border-bottom:1px solid var(--line)}` +
	`li span{overflow-wrap:anywhere}li em{margin-left:auto;color:var(--soft);font-style:normal;font-size:.875rem;text-align:right}` +
	`footer{display:flex;justify-content:space-between;gap:1rem;margin-top:1.5rem;color:var(--soft);font-size:.8125rem}` +
	`@media (max-width:30rem){dl{grid-template-columns:repeat(2,1fr)}main{padding:1.5rem}}`

// policy lets the page use its own style and nothing else.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()
