package diag

import (
	"errors"
	"fmt"
	"testing"
)

func TestDiagnosticsTravelThroughErrors(t *testing.T) {
	d := Errorf("Broken", "It is %s.", "broken").Fix("Mend %s.", "it")
	if got := FromError(fmt.Errorf("load: %w", List{d}.Err())); len(got) != 1 || got[0] != d {
		t.Errorf("from a list: %v", got)
	}
	if got := FromError(fmt.Errorf("load: %w", d)); len(got) != 1 || got[0] != d {
		t.Errorf("from a diagnostic: %v", got)
	}
	if got := FromError(errors.New("plain")); len(got) != 1 || got[0].Summary != "plain" {
		t.Errorf("from a plain error: %v", got)
	}
	if FromError(nil) != nil || (List{{Severity: Warning}}).Err() != nil {
		t.Error("nothing wrong is an error")
	}
}

func TestSort(t *testing.T) {
	at := func(file string, b int) *Range { return &Range{File: file, Start: Pos{Byte: b}} }
	l := List{{Summary: "none"}, {Summary: "b2", Range: at("b", 2)}, {Summary: "a9", Range: at("a", 9)}, {Summary: "b1", Range: at("b", 1)}}
	l.Sort()
	got := ""
	for _, d := range l {
		got += d.Summary + " "
	}
	if got != "a9 b1 b2 none " {
		t.Errorf("order %q", got)
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"port", "path", "address", "tcp_port"}
	for given, want := range map[string]string{"prot": "port", "adress": "address", "pat": "path", "colour": "", "x": ""} {
		if got := Suggest(given, names); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", given, got, want)
		}
	}
}
