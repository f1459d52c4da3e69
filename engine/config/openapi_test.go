package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

const petsJSON = `{"openapi":"3.1.0","servers":[{"url":"https://pets.example.com/v1"}],"security":[{"key":[]}],
	"paths":{"/pets/{id}":{"get":{"operationId":"get","tags":["a"],"parameters":[{"name":"id","in":"path","schema":{"type":"string"}}]},
		"delete":{"operationId":"remove","security":[{"login":[]}],"parameters":[{"name":"id","in":"path","schema":{"type":"string"}}]}},
		"/all":{"get":{"operationId":"all","security":[{"q":[],"c":[]}]}}},
	"components":{"securitySchemes":{"key":{"type":"http","scheme":"bearer"},"login":{"type":"http","scheme":"basic"},
		"q":{"type":"apiKey","in":"query","name":"k"},"c":{"type":"apiKey","in":"cookie","name":"sid"}}}}`

func TestOperationsBecomeTools(t *testing.T) {
	c := mustLoad(t, map[string]string{"pets.json": petsJSON, "main.mcp.hcl": `
target "sim" "s" {}
variable "token" {
  type      = string
  sensitive = true
  default   = "s3cret$${x}"
}
server "s" {
  target = target.sim.s
  tool "own" {
    static { text = "mine" }
  }
  openapi "pets" {
    document       = file("pets.json")
    prefix         = "p_"
    rename         = { remove = "drop" }
    headers        = { X-Team = "a" }
    timeout        = "3s"
    response_limit = "2KB"
    security "key" { token = var.token }
    security "login" {
      user     = "u"
      password = var.token
    }
    security "q" { token = "a b" }
    security "c" { token = var.token }
  }
}
`}, Options{})
	doc := evaluated(t, c, simRef("s"), nil)
	tools := doc.GetAttr("tool").AsValueMap()
	if got := strings.Join(sortedKeys(tools), " "); got != "drop own p_all p_get" {
		t.Fatalf("tools: %s", got)
	}
	if !doc.GetAttr("openapi").IsNull() {
		t.Error("the document still has an openapi block")
	}
	http := func(tool string) cty.Value { return tools[tool].GetAttr("http") }
	secret := func(s string) cty.Value { return cty.StringVal(s).Mark(schemas.Sensitive) }
	want(t, http("p_get").GetAttr("url"), cty.StringVal(`https://pets.example.com/v1/pets/${input["id"]}`))
	want(t, http("p_get").GetAttr("timeout"), cty.StringVal("3s"))
	want(t, http("p_get").GetAttr("headers").AsValueMap()["Authorization"], secret("Bearer s3cret$${x}"))
	want(t, http("p_get").GetAttr("headers").AsValueMap()["X-Team"], cty.StringVal("a"))
	want(t, http("drop").GetAttr("headers").AsValueMap()["Authorization"], secret("Basic dTpzM2NyZXQke3h9"))
	want(t, http("p_all").GetAttr("url"), secret("https://pets.example.com/v1/all?k=a+b"))
	want(t, http("p_all").GetAttr("headers").AsValueMap()["Cookie"], secret("sid=s3cret%24%7Bx%7D"))
	if raw, err := schemas.Encode(doc); err != nil || !strings.Contains(string(raw), `"/tool/p_get/http/headers/Authorization"`) {
		t.Errorf("the token is not known to be sensitive: %s, %v", raw, err)
	}
}

func TestAnOpenAPIServiceThatIsAnotherServer(t *testing.T) {
	c := mustLoad(t, map[string]string{"pets.json": petsJSON, "main.mcp.hcl": `
target "sim" "s" {}
server "api" { target = target.sim.s }
server "s" {
  target = target.sim.s
  openapi "pets" {
    document = file("pets.json")
    url      = server.api.url
    include { tags = ["a"] }
    security "key" { token = "t" }
  }
}
`}, Options{})
	tools := evaluated(t, c, simRef("s"), nil).GetAttr("tool").AsValueMap()
	if len(tools) != 1 || tools["get"].GetAttr("http").GetAttr("url").IsKnown() {
		t.Errorf("the tools are known, and their URL is not: %#v", tools)
	}
}
