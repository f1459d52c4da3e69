// Package address names things: servers, targets, and the resources that a
// provider makes of them. Addresses are comparable values, never bare strings;
// their text form is what users type and read, and parses back.
//
//	target.docker.local                       a target
//	server.weather                            a server
//	server.weather["eu"], server.weather[0]   an instance of it
//	server.weather@docker.local/container     a resource of an instance on a target
//	target.docker.local/network               a resource that a target's servers share
package address
