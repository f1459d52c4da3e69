package transport

// language is what a connection speaks.
type language uint8

const (
	unknown language = iota
	spaces           // only white space so far
	speaksHTTP
	speaksJSON
)

// detect tells the language of a connection by its first byte: HTTP begins with
// a method, in capital letters (RFC 9110, section 9.1; HTTP/2 with "PRI"), JSON-RPC
// with an object or a batch.
func detect(first byte) language {
	switch {
	case first >= 'A' && first <= 'Z':
		return speaksHTTP
	case first == '{' || first == '[':
		return speaksJSON
	case first == ' ' || first == '\t' || first == '\r' || first == '\n':
		return spaces
	}
	return unknown
}
