package view

import (
	"fmt"
	"io"
)

// Valid says that a configuration holds up.
func Valid(w io.Writer, s Style, instances int) {
	fmt.Fprintf(w, "%s %s.\n", s.Paint(Green+";"+Bold, "The configuration is valid:"), count(instances, "server instance"))
}
