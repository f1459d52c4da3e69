// Package resource says what a resource is, and what the engine asks of the
// providers that make them.
//
// A resource is an address, a type, desired values and its direct dependencies.
// The engine diffs, orders, journals and applies resources without knowing what
// they are; a [Provider] lowers servers to resources, and reads and changes the
// objects behind them. Reading and changing are different interfaces: whoever
// holds a [Reader] cannot change anything.
//
// In order of reading: [Type], [Desired], [Object], [Provider], [Reader],
// [Writer], and what a writer may be besides: [Keeper], [Logger].
package resource
