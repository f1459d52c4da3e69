// Package sim is a simulated target: networks and processes that exist in memory
// or in a file, and nowhere else.
//
// The engine's tests and benchmarks run on it, and so can a user's first steps.
// It behaves as a real target does where that matters to the engine: objects bear
// the lineage and address of their owner, ports are picked when none is asked
// for, attributes that nobody set exist, a call may take time, fail, or lose its
// reply ([Fault]). Nothing listens anywhere.
//
// In order of reading: [Provider], [World], [Fault].
package sim
