package seal

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUnwrapGivesBackWhatWasWrapped(t *testing.T) {
	content := `{"a": [1, 2],  "b":"<&>"}`
	got, err := Unwrap("thing", 3, Wrap("thing", 3, []byte(content)))
	if err != nil || string(got) != content {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	whole := string(Wrap("thing", 1, []byte(`{"a":1}`)))
	for name, tt := range map[string]struct{ file, want string }{
		"empty":           {"", "is empty"},
		"blank":           {" \n", "is empty"},
		"cut short":       {whole[:len(whole)-4], "is cut short"},
		"altered":         {strings.Replace(whole, `"a":1`, `"a":2`, 1), "was altered"},
		"not JSON":        {"hello, world, this is no JSON", "is damaged"},
		"something after": {whole + "x", "is damaged"},
		"another kind":    {string(Wrap("other", 1, []byte("{}"))), "is not a file of the kind thing"},
		"another format":  {string(Wrap("thing", 2, []byte("{}"))), "has format 2; this erlmcp reads format 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Unwrap("thing", 1, []byte(tt.file)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// No byte can be changed or cut off unnoticed.
func TestEveryChangeIsNoticed(t *testing.T) {
	content := `{"lineage":"a","serial":7,"list":[true,null]}`
	file := Wrap("thing", 1, []byte(content))
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(file)-1).Draw(t, "at")
		bad := append([]byte{}, file...)
		bad[at] = rapid.Byte().Draw(t, "byte")
		if got, err := Unwrap("thing", 1, bad); err == nil && string(got) != content {
			t.Fatalf("byte %d: got %s", at, got)
		}
		if got, err := Unwrap("thing", 1, file[:at]); err == nil && string(got) != content {
			t.Fatalf("cut at %d: got %s", at, got)
		}
	})
}
