package upstream_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// over is an upstream block of each kind.
func over(t *testing.T, kind, era, more string) string {
	if kind == "stdio" {
		return program(t, era, more)
	}
	return serveWeb(t, era).block(more)
}

// TestWhatAnUpstreamOffers uses all of it, in each pairing of eras and transports.
func TestWhatAnUpstreamOffers(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stdio", "http"} {
		for _, era := range []string{"modern", "legacy"} {
			t.Run(kind+" "+era, func(t *testing.T) {
				t.Parallel()
				rt, _ := start(t, `,"tool":{"own":{"static":{"text":"mine"}}}`+upstreams("peer", over(t, kind, era,
					`,"prefix":"p_","tools":{"exclude":["d*","big"],"rename":{"refuse":"no"}},"resources":{"exclude":["secret:*"]}`)))
				for _, version := range []string{"2026-07-28", "2025-11-25"} {
					t.Run("client of "+version, func(t *testing.T) {
						uses(t, connect(t, rt, version, "ada"), kind)
					})
				}
				if status, body := health(t, rt, "/upstream/peer"); status != 200 || !strings.Contains(body, `"healthy"`) {
					t.Errorf("health: %d %s", status, body)
				}
			})
		}
	}
}

func uses(t *testing.T, c *client, kind string) {
	ctx := within(t)
	if got := c.tools(t); got != "no own p_ask p_echo p_ended p_grow p_hasty p_pid p_release p_slow p_touch" {
		t.Errorf("tools: %s", got)
	}
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	got := c.structured(t, "p_echo", map[string]any{"a": "ü", "n": 12345678901234567}, mcp.Meta{"traceparent": trace})
	if fmt.Sprint(got["arguments"]) != "map[a:ü n:1.2345678901234568e+16]" || got["trace"] != trace {
		t.Errorf("echo: %v", got)
	}
	if kind == "http" {
		if got["headerTrace"] != trace || got["token"] != "Bearer s3cret-token" || got["custom"] != "yes" {
			t.Errorf("headers: %v", got)
		}
	} else if environment := fmt.Sprint(got["environment"]); strings.Contains(environment, "PATH=") || !strings.Contains(environment, "ERLMCP_CALL=") {
		t.Errorf("environment: %v", environment)
	}
	whole, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "p_echo"})
	if err != nil || whole.Content[0].(*mcp.TextContent).Meta["k"] != "v" || whole.Content[1].(*mcp.ResourceLink).URI != "note://a" {
		t.Errorf("content: %+v, %v", whole, err)
	}
	if text := c.call(ctx, "p_ask", nil); !strings.HasPrefix(text, "ada, hello, file:///work, run ") {
		t.Errorf("ask: %s", text)
	}
	if _, err := c.CallTool(ctx, &mcp.CallToolParams{Name: "no"}); err == nil || !strings.Contains(err.Error(), "first go there") {
		t.Errorf("a protocol error is passed on: %v", err)
	}
	read, err := c.ReadResource(ctx, &mcp.ReadResourceParams{URI: "note://a"})
	if err != nil || read.Contents[0].Text != "note note://a" {
		t.Errorf("read: %+v, %v", read, err)
	}
	read, err = c.ReadResource(ctx, &mcp.ReadResourceParams{URI: "item://7"})
	if err != nil || read.Contents[0].Text != "note item://7" {
		t.Errorf("read of a template: %+v, %v", read, err)
	}
	if _, err := c.ReadResource(ctx, &mcp.ReadResourceParams{URI: "secret://a"}); err == nil {
		t.Error("what is not offered was read")
	}
	prompt, err := c.GetPrompt(ctx, &mcp.GetPromptParams{Name: "p_greet", Arguments: map[string]string{"who": "Bo"}})
	if err != nil || prompt.Messages[0].Content.(*mcp.TextContent).Text != "Hello Bo" {
		t.Errorf("prompt: %+v, %v", prompt, err)
	}
	if _, err := c.GetPrompt(ctx, &mcp.GetPromptParams{Name: "p_greet"}); err == nil || !strings.Contains(err.Error(), "Missing argument: who") {
		t.Errorf("a prompt without its argument: %v", err)
	}
	for _, ref := range []*mcp.CompleteReference{{Type: "ref/prompt", Name: "p_greet"}, {Type: "ref/resource", URI: "item://{id}"}} {
		done, err := c.Complete(ctx, &mcp.CompleteParams{Ref: ref, Argument: mcp.CompleteParamsArgument{Name: "who", Value: "B"}})
		if want := "B-" + strings.TrimPrefix(ref.Name, "p_") + ref.URI; err != nil || done.Completion.Values[0] != want {
			t.Errorf("completion: %+v, %v", done, err)
		}
	}
}

func TestQuestionsRunNothingTwice(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "legacy", "")))
	c := connect(t, rt, "2026-07-28", "ada") // asks by making the call again
	if text := c.call(within(t), "ask", nil); text != "ada, hello, file:///work, run 1" {
		t.Errorf("%s", text)
	}
	if text := c.call(within(t), "ask", nil); text != "ada, hello, file:///work, run 2" {
		t.Errorf("%s", text)
	}
}

// TestQuestionsGoToTheRightClient has two clients call at the same time.
func TestQuestionsGoToTheRightClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, era, want string }{
		{"by the stream of the call", "http", "legacy", ""},
		{"by the result of the call", "stdio", "modern", ""},
		{"not, when it cannot be told", "stdio", "legacy", "several calls are in progress"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rt, _ := start(t, upstreams("peer", over(t, c.kind, c.era, "")))
			ada, bo := connect(t, rt, "2025-11-25", "ada"), connect(t, rt, "2026-07-28", "bo")
			ctx, cancel := context.WithCancel(within(t))
			busy := make(chan string, 1)
			params := &mcp.CallToolParams{Name: "slow"}
			params.SetProgressToken("p")
			go func() { _, _ = ada.CallTool(ctx, params); busy <- "over" }()
			receive(t, ada.progress, "progress")
			text := bo.call(ctx, "ask", nil)
			if c.want == "" && !strings.HasPrefix(text, "bo, hello") || c.want != "" && !strings.Contains(text, c.want) {
				t.Errorf("%s", text)
			}
			if len(ada.asked) > 0 {
				t.Error("the other client was asked")
			}
			cancel()
			receive(t, busy, "end of the call")
		})
	}
}

func TestAQuestionAfterACallWasGivenUp(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "legacy", "")))
	c := connect(t, rt, "2025-11-25", "ada")
	ctx, cancel := context.WithCancel(within(t))
	params := &mcp.CallToolParams{Name: "slow"}
	params.SetProgressToken("p")
	over := make(chan string, 1)
	go func() { _, _ = c.CallTool(ctx, params); over <- "over" }()
	receive(t, c.progress, "progress")
	cancel()
	receive(t, over, "end")
	eventually(t, "the upstream hears of it", func() bool { return c.call(within(t), "ended", nil) == "1" })
	if text := c.call(within(t), "ask", nil); !strings.Contains(text, "several calls are in progress") {
		t.Errorf("it might be asked for the call that was given up: %s", text)
	}
}

func TestProgressAndLogsArePassedOn(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stdio", "http"} {
		rt, _ := start(t, upstreams("peer", over(t, kind, "legacy", "")))
		c := connect(t, rt, "2025-11-25", "ada")
		ctx, cancel := context.WithCancel(within(t))
		params := &mcp.CallToolParams{Name: "slow"}
		params.SetProgressToken("p")
		over := make(chan string, 1)
		go func() { _, _ = c.CallTool(ctx, params); over <- "over" }()
		if got := receive(t, c.progress, "progress"); got != "begun" {
			t.Errorf("progress over %s: %q", kind, got)
		}
		if got := receive(t, c.logs, "log message"); got != "hm" {
			t.Errorf("log over %s: %q", kind, got)
		}
		cancel()
		receive(t, over, "end")
	}
}

func TestDefinitionsChange(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stdio", "http"} {
		for _, era := range []string{"modern", "legacy"} {
			t.Run(kind+" "+era, func(t *testing.T) {
				t.Parallel()
				rt, _ := start(t, upstreams("peer", over(t, kind, era, "")))
				c := connect(t, rt, "2025-11-25", "ada")
				if strings.Contains(c.tools(t), "grown") {
					t.Fatal("it is there already")
				}
				c.call(within(t), "grow", nil)
				if got := receive(t, c.changed, "list-changed"); got != "tools" {
					t.Errorf("%s", got)
				}
				if got := c.tools(t); !strings.Contains(got, "grown") {
					t.Errorf("tools: %s", got)
				}
				if err := c.Subscribe(within(t), &mcp.SubscribeParams{URI: "note://a"}); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the subscriber hears of the change", func() bool {
					c.call(within(t), "touch", nil)
					select {
					case got := <-c.changed:
						return got == "note://a"
					default:
						return false
					}
				})
			})
		}
	}
}

// TestKilled kills the upstream in the middle of a call.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stdio", "http"} {
		for _, era := range []string{"modern", "legacy"} {
			t.Run(kind+" "+era, func(t *testing.T) {
				t.Parallel()
				var w *web
				block := program(t, era, "")
				if kind == "http" {
					w = serveWeb(t, era)
					block = w.block("")
				}
				rt, logged := start(t, upstreams("peer", block))
				c := connect(t, rt, "2025-11-25", "ada")
				answers := make(chan string, 8)
				for range cap(answers) {
					go func() {
						params := &mcp.CallToolParams{Name: "slow"}
						params.SetProgressToken("p")
						r, err := c.CallTool(within(t), params)
						if err != nil {
							answers <- "failed: " + err.Error()
							return
						}
						answers <- fmt.Sprint(r.IsError, " ", r.Content[0].(*mcp.TextContent).Text)
					}()
				}
				for range cap(answers) {
					receive(t, c.progress, "progress")
				}
				if w != nil {
					w.kill()
				} else {
					pid := 0
					if _, err := fmt.Sscan(c.call(within(t), "pid", nil), &pid); err != nil {
						t.Fatal(err)
					}
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
				for range cap(answers) {
					if got := receive(t, answers, "answer to a call in progress"); !strings.HasPrefix(got, "true The server behind this, peer, has not answered: ") {
						t.Errorf("%s", got)
					}
				}
				if w != nil {
					eventually(t, "health says so", func() bool {
						status, body := health(t, rt, "/upstream/peer")
						return status == 503 && strings.Contains(body, "detail")
					})
					if status, body := health(t, rt, ""); status != 200 || !strings.Contains(body, `{"name":"upstream/peer","status":"unhealthy"`) {
						t.Errorf("health of the whole: %d %s", status, body)
					}
					if got := c.call(within(t), "pid", nil); !strings.HasPrefix(got, "error: The server behind this, peer, is not there: ") {
						t.Errorf("a call meanwhile: %s", got)
					}
					w.start()
				}
				eventually(t, "calls are answered again", func() bool { return !strings.Contains(c.call(within(t), "pid", nil), "error") })
				if status, _ := health(t, rt, "/upstream/peer"); status != 200 {
					t.Errorf("health: %d", status)
				}
				if strings.Contains(logged.String(), "s3cret") || strings.Contains(logged.String(), "/mcp\"") {
					t.Errorf("log: %s", logged)
				}
			})
		}
	}
}

func TestAnUpstreamThatIsNotThereAtStart(t *testing.T) {
	t.Parallel()
	w := serveWeb(t, "modern")
	w.kill()
	rt, _ := start(t, `,"tool":{"own":{"static":{"text":"mine"}}}`+upstreams("far", w.block(""), "near", `{"stdio":{"command":["/nowhere/at-all"]}}`))
	c := connect(t, rt, "2025-11-25", "ada")
	if got := c.tools(t); got != "own" {
		t.Errorf("tools: %s", got)
	}
	if status, body := health(t, rt, "/upstream/near"); status != 503 || !strings.Contains(body, "the program is not there on this machine") {
		t.Errorf("health: %d %s", status, body)
	}
	if status, body := health(t, rt, "/upstream/far"); status != 503 || !strings.Contains(body, "connection refused") {
		t.Errorf("health: %d %s", status, body)
	}
	w.start()
	if got := receive(t, c.changed, "list-changed"); got != "tools" {
		t.Errorf("%s", got)
	}
	if got := c.tools(t); !strings.Contains(got, "echo") {
		t.Errorf("tools: %s", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"stdio", "http"} {
		for _, era := range []string{"modern", "legacy"} {
			t.Run(kind+" "+era, func(t *testing.T) {
				t.Parallel()
				rt, _ := start(t, upstreams("peer", over(t, kind, era, `,"response_limit":"64KB","timeout":"4s"`)))
				c := connect(t, rt, "2025-11-25", "ada")
				first := c.call(within(t), "pid", nil)
				if got := c.call(within(t), "big", map[string]any{"Size": 60 << 10}); len(got) != 60<<10 {
					t.Errorf("an answer below the limit: %.100s", got)
				}
				for _, size := range []int{64 << 10, 1 << 20} {
					if got := c.call(within(t), "big", map[string]any{"Size": size}); !strings.Contains(got, "larger than response_limit, 64KB") {
						t.Errorf("an answer of %d bytes: %.200s", size, got)
					}
				}
				if got := c.call(within(t), "slow", nil); got != "error: The server behind this, peer, did not answer within 4s." {
					t.Errorf("an answer that does not come: %s", got)
				}
				if got := c.call(within(t), "pid", nil); got != first {
					t.Errorf("the connection did not outlive that: %s, then %s", first, got)
				}
			})
		}
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	rt, logged := start(t, `,"tool":{"echo":{"static":{"text":"mine"}}}`+upstreams("a", program(t, "modern", ""), "b", program(t, "modern", "")))
	c := connect(t, rt, "2025-11-25", "ada")
	if got := c.call(within(t), "echo", nil); got != "mine" {
		t.Errorf("a name of the document is the document's: %s", got)
	}
	for _, want := range []string{"the tool echo of upstream.a: there is a tool of this name", "the tool ask of upstream.b: there is a tool of this name", "the resource note://a of upstream.b"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

func TestReloadKeepsAndLeavesUpstreams(t *testing.T) {
	t.Parallel()
	block := program(t, "modern", "")
	rt, _ := start(t, upstreams("peer", block))
	c := connect(t, rt, "2025-11-25", "ada")
	pid := c.call(within(t), "pid", nil)
	if err := rt.Reload(document(t, `,"tool":{"own":{"static":{"text":"mine"}}}`+upstreams("peer", block)), "2"); err != nil {
		t.Fatal(err)
	}
	if got := c.call(within(t), "pid", nil); got != pid {
		t.Errorf("an upstream that did not change was started again: %s, %s", pid, got)
	}
	if err := rt.Reload(document(t, upstreams("peer", program(t, "modern", `,"prefix":"q_"`))), "3"); err != nil {
		t.Fatal(err)
	}
	if got := c.call(within(t), "q_pid", nil); got == pid || strings.Contains(got, "rror") {
		t.Errorf("an upstream that changed is another: %s", got)
	}
	eventually(t, "the old program is gone", func() bool {
		var p int
		_, _ = fmt.Sscan(pid, &p)
		return syscall.Kill(p, 0) != nil
	})
	if err := rt.Reload(document(t, ""), "4"); err != nil {
		t.Fatal(err)
	}
	if got := c.tools(t); got != "" {
		t.Errorf("tools: %s", got)
	}
	if status, _ := health(t, rt, "/upstream/peer"); status != 404 {
		t.Errorf("health: %d", status)
	}
}

func TestStopEndsTheProgram(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "modern", "")))
	var pid int
	if _, err := fmt.Sscan(connect(t, rt, "2025-11-25", "ada").call(within(t), "pid", nil), &pid); err != nil {
		t.Fatal(err)
	}
	if err := rt.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the program is still there: %v", err)
	}
}
