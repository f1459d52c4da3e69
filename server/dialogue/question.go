package dialogue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Form is an elicitation that the client shows as a form (MCP, client/elicitation,
// "Form Mode").
type Form struct {
	Message string `json:"message"`
	// Schema is the JSON Schema of the form: an object of strings, numbers,
	// booleans and choices.
	Schema json.RawMessage `json:"requestedSchema"`
}

// Visit is an elicitation that leads the user to a URL, for what must not pass
// through the client (MCP, client/elicitation, "URL Mode").
type Visit struct {
	Message string
	URL     string
	// ID names the elicitation for clients of the older era.
	ID string
}

// Elicited is what the user did: accept, decline or cancel. Content is there when
// a form was accepted, and fits its schema then.
type Elicited struct {
	Action  string         `json:"action"`
	Content map[string]any `json:"content,omitempty"`
}

// Sampling is a question to the client's model (MCP, client/sampling).
type Sampling struct {
	Messages         []protocol.PromptMessage `json:"messages"`
	MaxTokens        int                      `json:"maxTokens"`
	System           string                   `json:"systemPrompt,omitempty"`
	Temperature      *float64                 `json:"temperature,omitempty"`
	Stop             []string                 `json:"stopSequences,omitempty"`
	ModelPreferences json.RawMessage          `json:"modelPreferences,omitempty"`
	Tools            json.RawMessage          `json:"tools,omitempty"`
	ToolChoice       json.RawMessage          `json:"toolChoice,omitempty"`
}

// Sampled is what the model answered.
type Sampled struct {
	Role    string
	Content []protocol.Content
	Model   string
	Stop    string // why it ended, such as endTurn
}

// Root is a folder or file that the client works in (MCP, client/roots).
type Root struct {
	URI  string `json:"uri"`
	Name string `json:"name,omitempty"`
}

// Question is the form as one of several questions of [Client.Ask].
func (f Form) Question() protocol.InputRequest {
	raw, _ := json.Marshal(f) // without parameters it is an error of Ask
	return protocol.InputRequest{Method: protocol.ElicitationCreate, Params: raw}
}

// Question is the visit as one of several questions of [Client.Ask].
func (v Visit) Question() protocol.InputRequest {
	raw, _ := json.Marshal(struct { // strings always encode
		Mode    string `json:"mode"`
		Message string `json:"message"`
		URL     string `json:"url"`
		ID      string `json:"elicitationId,omitempty"`
	}{"url", v.Message, v.URL, v.ID})
	return protocol.InputRequest{Method: protocol.ElicitationCreate, Params: raw}
}

// Question is the sampling as one of several questions of [Client.Ask].
func (s Sampling) Question() protocol.InputRequest {
	raw, _ := json.Marshal(s)
	return protocol.InputRequest{Method: protocol.SamplingCreate, Params: raw}
}

// Roots is the question for the client's roots.
func Roots() protocol.InputRequest {
	return protocol.InputRequest{Method: protocol.RootsList, Params: json.RawMessage(`{}`)}
}

// ReadElicited reads the answer to a form or visit.
func ReadElicited(answer json.RawMessage) (*Elicited, error) {
	return read[Elicited](protocol.ElicitationCreate, answer)
}

// ReadSampled reads the answer to a sampling.
func ReadSampled(answer json.RawMessage) (*Sampled, error) {
	raw, err := read[struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
		Model   string          `json:"model"`
		Stop    string          `json:"stopReason"`
	}](protocol.SamplingCreate, answer)
	if err != nil {
		return nil, err
	}
	out := &Sampled{Role: raw.Role, Model: raw.Model, Stop: raw.Stop}
	if len(raw.Content) > 0 && raw.Content[0] == '[' {
		err = json.Unmarshal(raw.Content, &out.Content)
	} else {
		out.Content = make([]protocol.Content, 1)
		err = json.Unmarshal(raw.Content, &out.Content[0])
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", protocol.SamplingCreate, err)
	}
	return out, nil
}

// ReadRoots reads the answer to [Roots].
func ReadRoots(answer json.RawMessage) ([]Root, error) {
	out, err := read[struct {
		Roots []Root `json:"roots"`
	}](protocol.RootsList, answer)
	if err != nil {
		return nil, err
	}
	return out.Roots, nil
}

func read[T any](method string, answer json.RawMessage) (*T, error) {
	var out T
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", method, err)
	}
	return &out, nil
}

// one asks one question.
func (c *Client) one(ctx context.Context, key string, q protocol.InputRequest) (json.RawMessage, error) {
	answers, err := c.Ask(ctx, protocol.InputRequests{key: q})
	if err != nil {
		return nil, err
	}
	return answers[key], nil
}

// Elicit has the user fill in a form; see [Client.Ask] for the key and errors.
func (c *Client) Elicit(ctx context.Context, key string, f Form) (*Elicited, error) {
	answer, err := c.one(ctx, key, f.Question())
	if err != nil {
		return nil, err
	}
	return ReadElicited(answer)
}

// Visit leads the user to a URL; see [Client.Ask] for the key and errors. That
// the user accepts does not mean that all is done there.
func (c *Client) Visit(ctx context.Context, key string, v Visit) (*Elicited, error) {
	answer, err := c.one(ctx, key, v.Question())
	if err != nil {
		return nil, err
	}
	return ReadElicited(answer)
}

// Sample asks the client's model; see [Client.Ask] for the key and errors.
func (c *Client) Sample(ctx context.Context, key string, s Sampling) (*Sampled, error) {
	answer, err := c.one(ctx, key, s.Question())
	if err != nil {
		return nil, err
	}
	return ReadSampled(answer)
}

// Roots asks for the client's roots; see [Client.Ask] for the key and errors.
func (c *Client) Roots(ctx context.Context, key string) ([]Root, error) {
	answer, err := c.one(ctx, key, Roots())
	if err != nil {
		return nil, err
	}
	return ReadRoots(answer)
}
