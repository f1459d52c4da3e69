// Package config turns the *.mcp.hcl files of a folder into a [Configuration]:
// it parses, resolves references, evaluates, expands and validates. All that can
// be wrong with the files is found by [Load], with its place and its remedy.
//
// What a server block may hold comes from package schemas; this package adds the
// language around it: variables, locals, targets, for_each and count, references
// in any order, and the functions that look at this machine.
//
// It reaches nothing but local files and the environment it is given. It does not
// know what kinds of target there are (providers describe them), how a server
// becomes resources, or what exists in the world: attributes of other servers are
// whatever [Exports] knows of them.
//
// In order of reading: configuration.go (what others call), load.go (the stages),
// read.go and declare.go (files to blocks), reference.go, check.go and order.go
// (who mentions whom), variable.go and value.go (values), expand.go (how many
// servers, where), evaluate.go and scope.go (one instance), decode.go,
// attribute.go, dynamic.go and template.go (a block's body), rules.go and
// ports.go (rules beyond the vocabulary), judge.go (what the runtime says),
// ship.go (files that travel), openapi.go (tools of web services), smoke.go (checks of a running server), world.go and
// functions.go (what expressions see of this machine), wording.go.
package config
