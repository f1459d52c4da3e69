// Package client is an MCP client whose errors people can read: what a server
// says when it refuses, and what is wrong with the connection, without the layers
// in between.
//
// The protocol is the official SDK's. What is called, and what the answers mean, is
// its caller's.
//
// In order of reading: client.go, refusal.go, explain.go.
package client
