package document

import (
	"strings"

	"github.com/erlmcp/erlmcp/diag"
)

// PutBack adds to the failure of a change what came of putting back what was
// there before: err, or nil.
func PutBack(failure, err error) error {
	d := *diag.FromError(failure)[0]
	if d.Detail != "" {
		d.Detail += "\n"
	}
	if err == nil {
		d.Detail += "The server runs again as it did before."
		return &d
	}
	// Its summary alone: the end of the log stands there once already.
	d.Detail += "It could not be made to run as before: " + strings.TrimSuffix(diag.FromError(err)[0].Summary, ".") + "."
	return &d
}
