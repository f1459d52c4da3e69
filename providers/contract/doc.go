// Package contract is what every provider must do, as a test suite that each
// runs against its own target.
//
// [Run] plans and applies through the engine and asks the target itself, by the
// hooks of a [Case], what exists. It knows no kind of target.
//
// In order of reading: [Case], [Drift], [Run].
package contract
