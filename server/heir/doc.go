// Package heir is the wire between a server and the one that takes its place: it
// carries records, and with them open descriptors, over a Unix socket
// (SCM_RIGHTS, see unix(7)).
//
// What the records say is for those who talk; see package server.
package heir
