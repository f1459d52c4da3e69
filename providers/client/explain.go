package client

import (
	"context"
	"errors"
	"net/url"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// explain takes off the layers that say what the client was about.
func (h *heard) explain(err error) error {
	h.mu.Lock()
	refusal := h.last
	h.mu.Unlock()
	var said *jsonrpc.Error
	var asked *url.Error
	switch {
	case err == nil:
		return nil
	case refusal != nil:
		return refusal
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer came in time")
	case errors.As(err, &asked):
		return asked.Err
	case errors.As(err, &said) && said.Code != 0 && said.Message != "":
		return errors.New(said.Message)
	}
	return err
}
