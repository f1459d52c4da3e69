// Package fleet makes configurations out of values instead of files: fleets of
// servers on simulated targets, for the tests and benchmarks of the engine.
//
// It stands in for engine/config and knows nothing of the language. In order of
// reading: [Fleet], [Configuration], [Draw].
package fleet
