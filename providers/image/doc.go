// Package image makes the container image of the runtime: the static erlmcpd, the
// folders that it needs, and nothing else. There is no Dockerfile and no base
// image; the same binary gives the same digests, everywhere.
//
// How an image gets to where it runs is each provider's matter: [Image.Write]
// makes the archive that a container engine loads, [Image.Push] fills a registry.
//
// In order of reading: [Image], [Build], [Image.Push].
package image
