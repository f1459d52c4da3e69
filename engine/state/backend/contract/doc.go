// Package contract holds every place that can keep a remote state to what
// [remote.Place] promises, and to what a user is promised of a state that several
// machines share.
//
// It is for tests. Run takes a function that reaches the same place anew each
// time, as another machine would.
package contract
