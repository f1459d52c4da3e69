// Package docker runs servers as containers of a Docker engine, over its API.
//
// A target has a bridge network and an image, shared by its servers; a server
// has a volume, which holds its document and files, one for each folder in which
// it keeps data, and a container. Nothing is mounted from the machine of the
// engine, so that it may be another one. The image is made from the erlmcpd binary
// alone, without Dockerfile or registry, and is the same wherever and whenever it
// is made.
//
// Objects are found by their labels ([LabelLineage], [LabelAddress]), never by
// name. The container is read-only, has no capabilities and runs as a user that
// can read the volume of the document and not write it.
//
// What a container cannot take in while it lives is changed by a new one. The old
// one is set aside until the new one is well.
//
// In order of reading: types.go (the resources), lower.go (what a server
// becomes), data.go (what it keeps), imagestore.go (the image), reader.go and
// writer.go, then one file for each resource, and recreate.go (how a container is
// replaced).
package docker
