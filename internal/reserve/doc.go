// Package reserve keeps TCP ports for tests of servers whose port must be known
// before they start, or stay theirs while they are away.
//
// A port that was only looked for can go to anybody before it is used: to another
// test, or to a client's end of a connection.
//
// The package is for tests alone. [Port] keeps a port of loopback; [Fixed] names one
// that nothing gives away.
package reserve
