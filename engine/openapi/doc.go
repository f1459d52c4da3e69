// Package openapi makes tools of the operations of an OpenAPI document (3.0 and
// 3.1): plain HTTP tools, as a user could have written them. It runs when a
// configuration is evaluated, so that the plan shows the tools and the runtime needs
// to know nothing of OpenAPI.
//
// The document is read as plain JSON values, not into a model of OpenAPI: JSON
// Schema goes from it into the tools with every keyword, in both versions, and what
// is needed of the rest is little.
//
// It leaves out credentials and the URL of the service, which may not be known yet
// or secret: a [Tool] says where they go.
//
// In order of reading: lower.go (from document to tools), document.go (reading and
// references), choose.go (which operations), operation.go (one of them),
// parameter.go, body.go, answer.go (its parts), security.go, schema.go (JSON Schema
// of either version), name.go (names).
package openapi
