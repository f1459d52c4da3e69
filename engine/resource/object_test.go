package resource

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestRedactLeavesNoSecret(t *testing.T) {
	v := cty.ObjectVal(attrs{
		"open":   cty.StringVal("open"),
		"secret": cty.StringVal("hush").Mark("secret"),
		"list":   cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("hush").Mark("secret")}),
		"nested": cty.ObjectVal(attrs{"all": cty.StringVal("hush")}).Mark("secret"),
		"read":   cty.StringVal("hush"),
	})
	o, err := Redact(v, []byte("key"), cty.GetAttrPath("read"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(o.Values.GoString(), "hush") {
		t.Errorf("a secret is left: %#v", o.Values)
	}
	var paths []string
	for _, s := range o.Secrets {
		paths = append(paths, FormatPath(s.Path))
	}
	if got := strings.Join(paths, " "); got != "list[1] nested read secret" {
		t.Errorf("secrets are at %s", got)
	}
	// The same value has the same digest under the same key, and under no other.
	if o.Secrets[0].Digest != o.Secrets[3].Digest {
		t.Error("equal secrets have different digests")
	}
	other, err := Redact(v, []byte("another key"))
	if err != nil {
		t.Fatal(err)
	}
	if o.Secrets[0].Digest == other.Secrets[0].Digest {
		t.Error("the digest does not depend on the key")
	}
}

func TestRedactAnUnknownSecret(t *testing.T) {
	o, err := Redact(cty.ObjectVal(attrs{"s": cty.UnknownVal(cty.String).Mark("secret")}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Secrets) != 1 || o.Secrets[0].Digest != "" {
		t.Errorf("got %+v", o.Secrets)
	}
}

func TestFormatPath(t *testing.T) {
	for want, p := range map[string]cty.Path{
		"":                          nil,
		"port":                      cty.GetAttrPath("port"),
		`document.tool["a b"].http`: cty.GetAttrPath("document").GetAttr("tool").IndexString("a b").GetAttr("http"),
		"command[2]":                cty.GetAttrPath("command").IndexInt(2),
		"set[…]":                    cty.GetAttrPath("set").Index(cty.True),
	} {
		if got := FormatPath(p); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
