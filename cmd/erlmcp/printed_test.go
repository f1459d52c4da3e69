package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// full is a disk that takes some bytes and no more.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	n := min(f.room, len(b))
	f.room -= n
	if n < len(b) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func TestAnAnswerThatDoesNotArriveIsAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	source := "target \"sim\" \"w\" { file = \"world.json\" }\nserver \"s\" {\n  target = target.sim.w\n}\noutput \"url\" { value = server.s.url }\n"
	if err := os.WriteFile("main.mcp.hcl", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"version", "plan -help", "schema -json", "validate", "plan", "plan -json", "plan -detailed-exitcode",
		"apply -auto-approve", "output", "output -json url", "show", "show -json", "state list", "history",
	} {
		t.Run(args, func(t *testing.T) {
			var errs bytes.Buffer
			if code := run(strings.Fields(args), strings.NewReader(""), &full{room: 5}, &errs); code != exitError {
				t.Errorf("exit %d", code)
			}
			if n := strings.Count(errs.String(), "error:"); n != 1 || !strings.Contains(errs.String(), "no space left on device") {
				t.Errorf("it says:\n%s", &errs)
			}
		})
	}
	succeeds(t, "plan", "-detailed-exitcode") // the apply was carried out all the same
}
