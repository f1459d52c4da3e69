package transport

import "net/http"

// Values of headers that every answer has; shared, and never changed.
var (
	noSniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
	noFrames = []string{"default-src 'none'; frame-ancestors 'none'"}
	noRefer  = []string{"no-referrer"}
	onlyTLS  = []string{"max-age=31536000"}
)

// secure sets the headers that keep browsers from making more of an answer than
// it is: from guessing its type, keeping it, showing it in a frame, and from going
// back to a server without TLS (RFC 6797). What answers may say otherwise.
func (f *Front) secure(h http.Header) {
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	h["Content-Security-Policy"] = noFrames
	h["Referrer-Policy"] = noRefer
	if f.HSTS {
		h["Strict-Transport-Security"] = onlyTLS
	}
}
