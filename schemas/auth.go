package schemas

// Auth says who may use a server, and what of it. Each client has an identity,
// which names the method that found it: bearer:NAME, hmac:NAME, cert:NAME or
// oauth:SUBJECT.
type Auth struct {
	_ struct{} `doc:"Who may use the server, and what of it. Any number of methods can stand side by side; a client needs to pass one. Each client has an identity, which allow and deny, logs, rate limits and receipts know it by: bearer:NAME, hmac:NAME, cert:NAME or oauth:SUBJECT. Health checks and metrics need none. Over raw TCP only mtls is possible; standard input and output need none."`

	Bearer map[string]*Bearer `json:"bearer,omitempty" label:"name"`
	HMAC   map[string]*HMAC   `json:"hmac,omitempty" label:"name"`
	MTLS   *MTLS              `json:"mtls,omitempty"`
	OAuth  *OAuth             `json:"oauth,omitempty"`

	Allow []AccessRule `json:"allow,omitempty"`
	Deny  []AccessRule `json:"deny,omitempty"`
}

// Bearer is a token that is sent with each request.
type Bearer struct {
	_ struct{} `doc:"A token that clients send as \"Authorization: Bearer TOKEN\". Only its hash stands here; erlmcp token makes a token and prints the hash. The identity is bearer:NAME."`

	SHA256 string `json:"sha256" required:"true" doc:"SHA-256 of the token in hexadecimal. It tells nothing of a token with enough randomness, such as erlmcp token makes, and everything of a word that can be guessed."`
}

// HMAC is a key that clients sign their requests with.
type HMAC struct {
	_ struct{} `doc:"A key that clients sign each request with, by HTTP Message Signatures (RFC 9421) with hmac-sha256 over method, path, time and the digest of the body; erlmcp call -hmac does it. A request that was seen before is refused. The identity is hmac:NAME."`

	Secret string   `json:"secret" required:"true" sensitive:"true" doc:"The key, at least 16 characters; from a sensitive variable."`
	Window Duration `json:"window,omitempty" default:"1m" doc:"How far the time of a signature may be from the server's. A longer window remembers more signatures."`
}

// MTLS takes the name in a client's certificate.
type MTLS struct {
	_ struct{} `doc:"The certificate that a client shows, which tls { client_ca } has checked. In patterns * stands for any characters. Without patterns every certificate of the authority will do. The identity is cert:NAME, with the name that a pattern matches."`

	CommonNames []string `json:"common_names,omitempty" doc:"Patterns of the subject's common name."`
	DNSNames    []string `json:"dns_names,omitempty" doc:"Patterns of the certificate's DNS names."`
	URIs        []string `json:"uris,omitempty" doc:"Patterns of the certificate's URIs, such as \"spiffe://example.org/agents/*\"."`
}

// OAuth takes the access tokens of an authorization server.
type OAuth struct {
	_ struct{} `doc:"Access tokens of an OAuth authorization server, as MCP's authorization has them: the server is a resource server, says so at /.well-known/oauth-protected-resource (RFC 9728), and takes signed JWTs. The identity is oauth:SUBJECT."`

	Issuer   string                 `json:"issuer" required:"true" doc:"URL of the authorization server, exactly as its tokens have it in iss."`
	Audience string                 `json:"audience" required:"true" doc:"What tokens must have in aud: usually the URL of this server as clients use it."`
	Resource string                 `json:"resource,omitempty" doc:"URL of this server that clients are told. Must be set unless the audience is a URL."`
	JWKSURL  string                 `json:"jwks_url,omitempty" doc:"URL of the keys that sign tokens. Default: found by the issuer's metadata (RFC 8414 or OpenID Connect Discovery)."`
	Scopes   []string               `json:"scopes,omitempty" doc:"Scopes that every token must have."`
	Claims   map[string]string      `json:"claims,omitempty" doc:"Claims that every token must have, with their values; of a claim that is a list one element must be equal."`
	Leeway   Duration               `json:"leeway,omitempty" default:"1m" doc:"How far clocks may be apart when exp and nbf are checked."`
	Scope    map[string]*OAuthScope `json:"scope,omitempty" label:"scope"`
}

// OAuthScope is a scope that certain tools, resources and prompts need.
type OAuthScope struct {
	_ struct{} `doc:"A scope that some tools, resources and prompts need. Clients see them all the same; a call without the scope is refused with status 403, which says what is missing so that the client can ask for it. In patterns * stands for any characters."`

	Tools     []string `json:"tools,omitempty" doc:"Patterns of the names of tools."`
	Resources []string `json:"resources,omitempty" doc:"Patterns of the names or URIs of resource blocks."`
	Prompts   []string `json:"prompts,omitempty" doc:"Patterns of the names of prompts."`
}

// AccessRule says what of a server certain clients may use.
type AccessRule struct {
	_ struct{} `doc:"A rule about who may use what. Without any allow everything is allowed; with one, only what some allow names. A deny takes away what it names. What a client may not use it does not see. A rule that names neither tools, resources nor prompts is about all of them. In patterns * stands for any characters."`

	Identities []string `json:"identities,omitempty" doc:"Patterns of identities, such as \"bearer:ci\" or \"oauth:*\". Default: everyone."`
	Scopes     []string `json:"scopes,omitempty" doc:"OAuth scopes, all of which the client must have for the rule to be about it."`
	Tools      []string `json:"tools,omitempty" doc:"Patterns of the names of tools."`
	Resources  []string `json:"resources,omitempty" doc:"Patterns of the names or URIs of resource blocks."`
	Prompts    []string `json:"prompts,omitempty" doc:"Patterns of the names of prompts."`
}
