package schemas

// RateLimit bounds what one client, identity or tool, or the whole server, may
// be asked.
type RateLimit struct {
	_ struct{} `doc:"Bounds how often the server may be asked, by what each block counts for itself. There may be several; a request must pass all of them, and counts in none when one refuses it. A refused request gets HTTP status 429 with Retry-After, and a JSON-RPC error that says when to come back. Memory is bounded however many clients there are."`

	Per               string   `json:"per,omitempty" default:"client" enum:"client,identity,tool,server" doc:"What is counted for itself: each client (its identity, else the name in its certificate, else its IP address), each identity (requests without one are not counted), each tool for all clients together, or the server as a whole."`
	Tools             []string `json:"tools,omitempty" doc:"Patterns of the names of tools, in which * stands for any characters: only calls of these count. Default: every request; with per = \"tool\", every tool call."`
	Identities        []string `json:"identities,omitempty" doc:"Patterns of identities, such as \"bearer:ci\": only their requests count. Default: everyone's."`
	RequestsPerMinute int      `json:"requests_per_minute" required:"true" min:"1" unit:"requests" doc:"How many requests are answered in any span of 60 seconds."`
	Burst             *int     `json:"burst,omitempty" min:"1" unit:"requests" doc:"How many requests may be in progress at the same moment. Default: no bound of its own."`
	CleanupInterval   Duration `json:"cleanup_interval,omitempty" default:"1m" doc:"How often clients are forgotten that did not ask for a minute."`
	Redis             *Redis   `json:"redis,omitempty"`
}

// Redis shares a limit between servers.
type Redis struct {
	_ struct{} `doc:"Counts the minute in Redis, so that all replicas of a server share it. One request to Redis decides about all blocks that name the same one; what a replica has refused by its own count does not ask. burst stays with each replica."`

	URL       string   `json:"url" required:"true" doc:"Where Redis is: redis://HOST:PORT/DATABASE, or rediss:// for TLS."`
	Username  string   `json:"username,omitempty" doc:"Name of the Redis user."`
	Password  string   `json:"password,omitempty" sensitive:"true" doc:"Password of the Redis user; from a sensitive variable."`
	Prefix    string   `json:"prefix,omitempty" default:"erlmcp" doc:"What the names of all keys begin with; the name of the server follows."`
	Timeout   Duration `json:"timeout,omitempty" default:"100ms" doc:"How long Redis may take to answer. After that it counts as gone for a second, in which it is not asked."`
	OnFailure string   `json:"on_failure,omitempty" default:"open" enum:"open,closed" doc:"What becomes of requests while Redis cannot be asked: open lets each replica count for itself; closed refuses them with status 503."`
}
