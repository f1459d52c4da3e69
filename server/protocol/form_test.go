package protocol

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAcceptedFormsFit(t *testing.T) {
	const form = `{"message":"?","requestedSchema":{"type":"object","required":["name"],"properties":{
		"name":{"type":"string","minLength":2},"age":{"type":"integer","minimum":0},"mail":{"type":"string","format":"email"},
		"kind":{"type":"string","enum":["a","b"]},"colours":{"type":"array","items":{"anyOf":[{"const":"red","title":"Red"}]}}}}}`
	for _, c := range []struct{ name, params, answer, want string }{
		{"it fits", form, `{"action":"accept","content":{"name":"Ada","age":3,"mail":"a@b.c","kind":"a","colours":["red"]}}`, ""},
		{"declined", form, `{"action":"decline"}`, ""},
		{"cancelled, with something", form, `{"action":"cancel","content":{"name":1}}`, ""},
		{"another type", form, `{"action":"accept","content":{"name":1}}`, "asked for: name"},
		{"too short and too small", form, `{"action":"accept","content":{"name":"x","age":-1}}`, "asked for: age, name"},
		{"no such choice", form, `{"action":"accept","content":{"name":"Ada","kind":"c"}}`, "asked for: kind"},
		{"no such choices", form, `{"action":"accept","content":{"name":"Ada","colours":["blue"]}}`, "asked for: colours"},
		{"another format", form, `{"action":"accept","content":{"name":"Ada","mail":"nobody"}}`, "asked for: mail"},
		{"nothing", form, `{"action":"accept"}`, "asked for: a member is missing"},
		{"not an object", form, `{"action":"accept","content":[]}`, "is not a result of it"},
		{"another action", form, `{"action":"maybe"}`, "is not a result of it"},
		{"a visit has no form", `{"mode":"url","message":"?","url":"https://x"}`, `{"action":"accept"}`, ""},
		{"a form that makes no sense", `{"message":"?","requestedSchema":{"type":7}}`, `{"action":"accept","content":{"x":1}}`, ""},
		{"a form that refers elsewhere", `{"message":"?","requestedSchema":{"$ref":"http://127.0.0.1:1/x"}}`, `{"action":"accept","content":{"x":1}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := InputRequest{Method: ElicitationCreate, Params: json.RawMessage(c.params)}.Fits(json.RawMessage(c.answer))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Message, c.want)):
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
