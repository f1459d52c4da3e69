// Package e2e holds whole-program tests against the real thing: the built
// erlmcp, a real Docker engine, real processes. They run with the build tag e2e
// (make e2e) and fail, rather than skip, when something is missing;
// e2e/setup installs what they need.
package e2e
