package protocol

import "slices"

// Version is a revision of MCP, named by its date.
type Version string

// The revisions that are served.
const (
	V20241105 Version = "2024-11-05"
	V20250326 Version = "2025-03-26"
	V20250618 Version = "2025-06-18"
	V20251125 Version = "2025-11-25"
	V20260728 Version = "2026-07-28"
)

// Undeclared is the version of a client that has not said which it speaks (MCP
// 2025-11-25, basic/transports, "Protocol Version Header").
const Undeclared = V20250326

// LatestLegacy is what initialize answers to a version that is not known.
const LatestLegacy = V20251125

// Versions returns every version that is served, newest first.
func Versions() []Version {
	return []Version{V20260728, V20251125, V20250618, V20250326, V20241105}
}

// Served reports whether v is one of [Versions].
func (v Version) Served() bool { return slices.Contains(Versions(), v) }

// Modern reports whether v carries version, identity and capabilities in each
// request; older versions, called legacy, begin with initialize (MCP 2026-07-28,
// basic/versioning, "Terminology").
func (v Version) Modern() bool { return v >= V20260728 }

// Batches reports whether a message may be a JSON-RPC batch; 2025-06-18 did away
// with them.
func (v Version) Batches() bool { return v < V20250618 }

// InputErrorsAreResults reports whether arguments that do not fit a tool's
// schema are an error of the tool, which the model sees and can correct, rather
// than a protocol error (MCP 2025-11-25, server/tools, "Error Handling").
func (v Version) InputErrorsAreResults() bool { return v >= V20251125 }
