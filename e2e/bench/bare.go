package main

import (
	"encoding/json"
	"net"
	"net/http"
)

// call is a tools/call as a bare server reads it.
type call struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  struct {
		Name      string            `json:"name"`
		Arguments map[string]string `json:"arguments"`
	} `json:"params"`
}

// result is its answer.
type result struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  struct {
		Content []content `json:"content"`
	} `json:"result"`
}

type content struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (c *call) echo() *result {
	r := &result{JSONRPC: "2.0", ID: c.ID}
	r.Result.Content = []content{{"text", c.Params.Arguments["text"]}}
	return r
}

// serveBare is the ceiling over HTTP: net/http, encoding/json and nothing else.
func serveBare(l net.Listener) error {
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c call
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(c.echo()) // a client that has gone is not told
	}))
}

// serveLines is the ceiling over TCP: one message a line, encoding/json.
func serveLines(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() { // ends with its connection
			defer conn.Close()
			in, out := json.NewDecoder(conn), json.NewEncoder(conn)
			for {
				var c call
				if in.Decode(&c) != nil || out.Encode(c.echo()) != nil {
					return
				}
			}
		}()
	}
}
