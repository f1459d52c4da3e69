package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"sigs.k8s.io/yaml"
)

// pipeline is a folder with the example ci whose commands run as the service would
// run them, against a simulated target and a bucket that lasts from job to job.
type pipeline struct {
	t       *testing.T
	world   string // the folder of the world, and of the stand-ins for programs
	bucket  string // URL of the storage service
	service *httptest.Server
	notes   []string // what was posted to the service
}

func newPipeline(t *testing.T) *pipeline {
	t.Helper()
	p := &pipeline{t: t, world: t.TempDir()}
	storage, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(storage.Stop)
	storage.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "states"})
	p.bucket = storage.URL()
	binary, err := exec.LookPath("erlmcp") // this program, under that name
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /release/erlmcp-linux-amd64", func(w http.ResponseWriter, _ *http.Request) { w.Write(content) })
	mux.HandleFunc("GET /release/SHA256SUMS", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%x  erlmcp-linux-amd64\n%064x  erlmcp-darwin-arm64\n", sha256.Sum256(content), 0)
	})
	mux.HandleFunc("POST /api/v4/projects/12/merge_requests/34/notes", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("PRIVATE-TOKEN") != "token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.notes = append(p.notes, r.FormValue("body"))
	})
	p.service = httptest.NewServer(mux)
	t.Cleanup(p.service.Close)
	p.stand("gh", "#!/usr/bin/env bash\nset -eu\necho \"$*\" >> \""+p.world+"/gh.log\"\nwhile [ $# -gt 0 ]; do [ \"$1\" = --body-file ] && cat \"$2\" >> \""+p.world+"/gh.log\"; shift; done\n[ -n \"$GH_TOKEN\" ]\n")
	return p
}

func (p *pipeline) stand(name, script string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.world, name), []byte(script), 0o755); err != nil {
		p.t.Fatal(err)
	}
}

// checkout is the example as a job finds it, on a target and a bucket of the test.
func (p *pipeline) checkout() string {
	p.t.Helper()
	dir := p.t.TempDir()
	files, err := exampleFiles("ci")
	if err != nil {
		p.t.Fatal(err)
	}
	files["target.mcp.hcl"] = fmt.Appendf(nil, "target \"sim\" \"production\" {\n  file = %q\n}\n\nlocals {\n  production = target.sim.production\n}\n", filepath.Join(p.world, "world.json"))
	files["production.gcs.hcl"] = fmt.Appendf(nil, "bucket   = \"states\"\nendpoint = %q\n", p.bucket)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	return dir
}

// bash runs a script as both services do, and returns what it printed and its exit
// status.
func (p *pipeline) bash(dir, script string, env map[string]string) (string, int) {
	p.t.Helper()
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + p.world}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		p.t.Fatalf("run a step: %v", err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (p *pipeline) path() string { return p.world + ":/usr/local/bin:/usr/bin:/bin" }

// workflow is what the test needs of a workflow of GitHub Actions.
type workflow struct {
	Jobs map[string]struct {
		Env   map[string]string
		Steps []struct {
			Name, Uses, Run string
			Env             map[string]string
		}
	}
}

var githubExpression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// github runs the commands of a workflow and returns what they printed, the summary
// of the run, and the exit status.
func (p *pipeline) github(name string) (out, summary string, code int) {
	p.t.Helper()
	dir, temp := p.checkout(), p.t.TempDir()
	source, err := os.ReadFile(filepath.Join(dir, ".github", "workflows", name))
	if err != nil {
		p.t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(source, &w); err != nil || len(w.Jobs) != 1 {
		p.t.Fatalf("%s: %d jobs, %v", name, len(w.Jobs), err)
	}
	known := map[string]string{"vars.ERLMCP_RELEASE": p.service.URL + "/release", "github.token": "token", "github.event.number": "34"}
	value := func(s string) string {
		return githubExpression.ReplaceAllStringFunc(s, func(e string) string {
			v, ok := known[githubExpression.FindStringSubmatch(e)[1]]
			if !ok {
				p.t.Fatalf("%s uses %s", name, e)
			}
			return v
		})
	}
	ran := 0
	for _, job := range w.Jobs {
		for _, step := range job.Steps {
			if step.Run == "" {
				continue // an action, which prepares what is here
			}
			ran++
			added, _ := os.ReadFile(filepath.Join(temp, "path"))
			env := map[string]string{
				"RUNNER_TEMP": temp, "GITHUB_PATH": filepath.Join(temp, "path"), "GITHUB_STEP_SUMMARY": filepath.Join(temp, "summary"),
				"PATH": strings.ReplaceAll(string(added), "\n", ":") + p.path(),
			}
			for _, more := range []map[string]string{job.Env, step.Env} {
				for k, v := range more {
					env[k] = value(v)
				}
			}
			var text string
			text, code = p.bash(dir, value(step.Run), env)
			if out += text; code != 0 {
				break
			}
		}
	}
	if ran == 0 {
		p.t.Fatalf("%s runs nothing", name)
	}
	report, _ := os.ReadFile(filepath.Join(temp, "summary"))
	return out, string(report), code
}

// gitlab runs the commands of a job and returns what they printed, the folder, and
// the exit status.
func (p *pipeline) gitlab(job string) (out, dir string, code int) {
	p.t.Helper()
	dir = p.checkout()
	source, err := os.ReadFile(filepath.Join(dir, ".gitlab-ci.yml"))
	if err != nil {
		p.t.Fatal(err)
	}
	type commands struct {
		BeforeScript []string `json:"before_script"`
		Script       []string `json:"script"`
	}
	var all map[string]any
	var named map[string]commands
	if err := yaml.Unmarshal(source, &all); err != nil {
		p.t.Fatal(err)
	}
	delete(all, "stages")
	rest, err := yaml.Marshal(all)
	if err == nil {
		err = yaml.Unmarshal(rest, &named)
	}
	if err != nil || len(named[job].Script) == 0 {
		p.t.Fatalf("the job %s has no script: %v", job, err)
	}
	script := strings.Join(append(named["default"].BeforeScript, named[job].Script...), "\n")
	out, code = p.bash(dir, script, map[string]string{
		"CI_PROJECT_DIR": dir, "CI_PROJECT_ID": "12", "CI_MERGE_REQUEST_IID": "34", "CI_API_V4_URL": p.service.URL + "/api/v4",
		"GITLAB_TOKEN": "token", "ERLMCP_RELEASE": p.service.URL + "/release", "PATH": p.path(),
	})
	return out, dir, code
}

// move changes the world as somebody by hand would.
func (p *pipeline) move() {
	p.t.Helper()
	file := filepath.Join(p.world, "world.json")
	src, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	moved := strings.Replace(string(src), `"running": true`, `"running": false`, 1)
	if moved == string(src) {
		p.t.Fatal("nothing runs in the world")
	}
	if err := os.WriteFile(file, []byte(moved), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipeline) want(what string, code, wantCode int, text string, parts ...string) {
	p.t.Helper()
	if code != wantCode {
		p.t.Fatalf("%s: exit %d, want %d\n%s", what, code, wantCode, text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			p.t.Errorf("%s: %q is missing in\n%s", what, part, text)
		}
	}
}

func TestGitHubActions(t *testing.T) {
	p := newPipeline(t)
	out, summary, code := p.github("plan.yml")
	p.want("plan", code, 0, out, "erlmcp-linux-amd64: OK", "valid: 1 server instance", "Saved to change.plan")
	p.want("summary of the plan", 0, 0, summary, "### erlmcp plan: 2 to create", "`server.status@sim.production/process`")
	comment, err := os.ReadFile(filepath.Join(p.world, "gh.log"))
	if err != nil {
		t.Fatal(err)
	}
	p.want("comment", 0, 0, string(comment), "pr comment 34 --body-file plan.md", "### erlmcp plan: 2 to create")

	out, summary, code = p.github("apply.yml")
	p.want("apply", code, 0, out, "Applied: 2 created.")
	p.want("summary of the apply", 0, 0, summary, "2 to create")
	out, summary, code = p.github("drift.yml")
	p.want("no drift", code, 0, out+summary, "### erlmcp drift: none")
	p.move()
	out, summary, code = p.github("drift.yml")
	p.want("drift", code, 2, out+summary, "### erlmcp drift: 1 resource moved", "running  true → false")
	issue, err := os.ReadFile(filepath.Join(p.world, "gh.log"))
	if err != nil {
		t.Fatal(err)
	}
	p.want("issue", 0, 0, strings.TrimPrefix(string(issue), string(comment)), "issue create --title MCP servers have drifted", "running  true → false")
	out, _, code = p.github("apply.yml")
	p.want("heal", code, 0, out, "Applied: 1 updated.")
	if out, _, code = p.github("drift.yml"); code != 0 {
		t.Errorf("drift after healing: exit %d\n%s", code, out)
	}
}

func TestGitLabCI(t *testing.T) {
	p := newPipeline(t)
	out, _, code := p.gitlab("plan")
	p.want("plan", code, 0, out, "erlmcp-linux-amd64: OK", "Saved to change.plan")
	if len(p.notes) != 1 || !strings.HasPrefix(p.notes[0], "### erlmcp plan: 2 to create") {
		t.Errorf("noted: %q", p.notes)
	}
	out, _, code = p.gitlab("apply")
	p.want("apply", code, 0, out, "Applied: 2 created.")
	out, _, code = p.gitlab("drift")
	p.want("no drift", code, 0, out, "### erlmcp drift: none")
	p.move()
	out, dir, code := p.gitlab("drift")
	p.want("drift", code, 2, out, "### erlmcp drift: 1 resource moved")
	report, err := os.ReadFile(filepath.Join(dir, "drift.md"))
	if err != nil || !strings.Contains(string(report), "running  true → false") {
		t.Errorf("the report: %q, %v", report, err)
	}
}

// A release that was tampered with is not run.
func TestCIRefusesAnotherBinary(t *testing.T) {
	p := newPipeline(t)
	honest := p.service.Config.Handler
	p.service.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "amd64") {
			io.WriteString(w, "#!/bin/sh\ntouch \""+p.world+"/owned\"\n")
			return
		}
		honest.ServeHTTP(w, r)
	})
	if out, _, code := p.github("plan.yml"); code == 0 || !strings.Contains(out, "FAILED") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(p.world, "owned")); err == nil {
		t.Error("it was run")
	}
}
