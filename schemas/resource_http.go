package schemas

// ResourceHTTP is a document that lies on a web server.
type ResourceHTTP struct {
	_ struct{} `doc:"A document that lies on a web server and is fetched when a client reads it. It is kept for as long as its Cache-Control says, and asked for anew with its ETag or date after that, unless it is larger than 1 MB or must not be stored."`

	URL           string            `json:"url" required:"true" doc:"URL of the document."`
	Headers       map[string]string `json:"headers,omitempty" doc:"Headers of the request."`
	Timeout       Duration          `json:"timeout,omitempty" default:"10s" doc:"Longest time for the whole exchange."`
	ResponseLimit Size              `json:"response_limit,omitempty" default:"1MB" doc:"Largest document; a larger one is an error. limits.response_size holds besides."`
	Redirects     int               `json:"redirects,omitempty" default:"0" min:"0" max:"10" doc:"Redirects that are followed, to the same host only."`
}

func (r *checker) resourceHTTP(at string, h *ResourceHTTP) {
	r.httpURL(at+".url", h.URL)
	for _, name := range sortedKeys(h.Headers) {
		r.header(at+".headers", name)
		r.headerValue(at+".headers", name, h.Headers[name])
	}
}
