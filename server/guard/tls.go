package guard

import (
	"crypto/tls"

	"github.com/erlmcp/erlmcp/schemas"
)

// TLSConfig returns the TLS settings of a server's listeners, or nil for a nil
// block.
func TLSConfig(block *schemas.TLS) (*tls.Config, error) { return nil, nil }
