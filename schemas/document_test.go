package schemas

import (
	"strings"
	"testing"
)

const sample = `{
  "name": "weather",
  "listen": {"port": 0},
  "tls": {"certificate_file": "/a", "key": "secret"},
  "sensitive": ["/tls/key", "/tool/forecast/http/headers/Authorization"],
  "tool": {"forecast": {
    "input": {"city": {"type": "string", "default": "\"Oslo\""}},
    "http": {"url": "https://x/${input.city}", "headers": {"Authorization": "Bearer k"}}
  }},
  "prompt": {"p": {"message": [{"text": "hi"}]}}
}`

func TestParseFillsInDefaults(t *testing.T) {
	s, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if *s.Listen.Port != 0 || s.Listen.Address != "127.0.0.1" || *s.Metrics.Port != 9090 {
		t.Errorf("listen %+v, metrics %+v", s.Listen, s.Metrics)
	}
	if got := s.Tools["forecast"].HTTP.Method; got != "GET" {
		t.Errorf("method = %q", got)
	}
	if got := s.Limits.RequestSize; got != 10<<20 {
		t.Errorf("request size = %v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"an unknown field", `{"name":"x","colour":1}`, `unknown field "colour"`},
		{"something after the end", `{"name":"x"} {}`, "after its end"},
		{"a cut document", sample[:80], "unexpected EOF"},
		{"no name", `{}`, "name: it must be set"},
		{"a port out of range", `{"name":"x","listen":{"port":70000}}`, "listen.port: it must be at most 65535"},
		{"two backends", `{"name":"x","tool":{"t":{"static":{"text":"a"},"search":{}}}}`, "tool.t: exactly one of static, exec, http, search must be set"},
		{"no backend", `{"name":"x","tool":{"t":{}}}`, "tool.t: exactly one of"},
		{"a bad duration", `{"name":"x","limits":{"call_timeout":"soon"}}`, "is not a duration"},
		{"a value not in the list", `{"name":"x","log":{"level":"loud"}}`, "log.level: it must be one of trace"},
		{"a null block", `{"name":"x","tool":{"t":null}}`, "tool.t: it must be an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.doc))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestEncodeIsTheInverseOfValue(t *testing.T) {
	v, err := Value([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if !v.GetAttr("tls").GetAttr("key").HasMark(Sensitive) {
		t.Error("tls.key is not marked")
	}
	first, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Value(first)
	if err != nil {
		t.Fatal(err)
	}
	if !back.RawEquals(v) {
		t.Errorf("read back %#v\nwant %#v", back, v)
	}
	second, _ := Encode(back)
	if string(first) != string(second) {
		t.Errorf("first %s\nsecond %s", first, second)
	}
	if _, err := Parse(first); err != nil {
		t.Errorf("the runtime refuses it: %v", err)
	}
}

func TestEveryBlockIsDocumented(t *testing.T) {
	seen := map[*Block]bool{}
	var walk func(path string, b *Block)
	walk = func(path string, b *Block) {
		if seen[b] {
			return
		}
		seen[b] = true
		if b.Doc == "" {
			t.Errorf("%s: no documentation", path)
		}
		for _, a := range b.Attributes {
			if a.Doc == "" && !a.Internal {
				t.Errorf("%s.%s: no documentation", path, a.Name)
			}
		}
		for _, n := range b.Blocks {
			walk(path+"."+n.Name, n.Block)
		}
	}
	walk("server", Describe[Server]())
	walk("placement", Describe[Placement]())
	walk("erlmcp", Describe[Settings]())
	walk("variable", Describe[Variable]())
	walk("output", Describe[Output]())
	walk("host", Describe[HostTarget]())
	walk("docker", Describe[DockerTarget]())
	walk("kubernetes", Describe[KubernetesTarget]())
	walk("gke", Describe[GKETarget]())
	walk("sim", Describe[SimTarget]())
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"10MB": 10 << 20, "64 KiB": 64 << 10, "1.5GB": 3 << 29, "12B": 12, "0": 0} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1MB", "many", "1XB", "5"} {
		if _, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) is accepted", text)
		}
	}
	if got := Size(10 << 20).String(); got != "10MB" {
		t.Errorf("String() = %q", got)
	}
}

func TestNeedRestart(t *testing.T) {
	load := func(doc string) *Server {
		s, err := Parse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	old := load(`{"name":"a"}`)
	next := load(`{"name":"b","title":"T","listen":{"port":1},"log":{"level":"debug","format":"json"},"tls":{"certificate":"c","key":"k"},"rate_limit":[{"requests_per_minute":1}]}`)
	if got := strings.Join(NeedRestart(old, next), " "); got != "name listen tls log.format" {
		t.Errorf("parts %q", got)
	}
	if got := NeedRestart(next, next); len(got) > 0 {
		t.Errorf("parts %q of no change", got)
	}
}
