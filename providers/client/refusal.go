package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Refusal is an answer whose HTTP status is an error.
type Refusal struct {
	Status int
	Says   string // what the server says of it; "" for nothing
	After  string // what it has in Retry-After
}

// Error implements error.
func (r *Refusal) Error() string {
	meaning := http.StatusText(r.Status)
	status := strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, meaning))
	if r.Says == "" || meaning != "" && strings.Contains(strings.ToLower(r.Says), strings.ToLower(meaning)) {
		return "it answers with status " + status
	}
	return fmt.Sprintf("it answers with status %s: %s", status, r.Says)
}

// mostSaid bounds how much of a refusal is read for its reason.
const mostSaid = 16 << 10

// heard remembers the last answer, when that was a refusal.
type heard struct {
	next http.RoundTripper

	mu   sync.Mutex
	last *Refusal
}

// RoundTrip implements http.RoundTripper.
func (h *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := h.next.RoundTrip(r)
	if r.Method == http.MethodDelete {
		return answer, err // the end of a session, about which nobody asks
	}
	var last *Refusal
	if err == nil && answer.StatusCode >= http.StatusBadRequest {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, mostSaid)) // as much as there is
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), answer.Body), answer.Body}
		last = &Refusal{Status: answer.StatusCode, Says: reason(answer.Header.Get("Content-Type"), body), After: answer.Header.Get("Retry-After")}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = last
	return answer, err
}

// reason is what a refusal says: the message of a JSON-RPC error, or a line of
// plain text.
func reason(mediaType string, body []byte) string {
	var message struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &message) == nil {
		return message.Error.Message
	}
	if !strings.HasPrefix(mediaType, "text/plain") {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	return line
}
