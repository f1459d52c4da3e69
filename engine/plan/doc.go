// Package plan finds out what has to change, and changes nothing.
//
// [Make] evaluates a configuration, lets providers lower it to resources, reads
// the world through readers, compares, and returns a [Plan]: what people read
// (Changes, Outputs) and what the applier carries out (Steps), finished and
// serialisable. [Write] and [Read] keep a plan in a file, which is refused when
// it was cut or altered, and which holds digests in place of secrets.
//
// What a plan says is not carried out here: engine/apply does that, and does
// nothing that is not in the graph. How a plan looks on a terminal is the
// business of engine/view.
//
// In order of reading: [Plan], [Change], [Step], [Configuration], [Options],
// [Make].
package plan
