// Package packed is the form in which a runtime is embedded: Zstandard (RFC
// 8878) with a skippable frame in front that says what is inside, so that the
// digest is known without decompressing. Equal contents give equal bytes.
package packed
