package schemas

// Server is an MCP server: the front door, what is served, what is seen. Its
// JSON is the runtime document.
type Server struct {
	_ struct{} `doc:"An MCP server: where it listens, what it serves, how it is guarded and observed."`

	Name         string `json:"name" hcl:"-" impact:"restart" doc:"Name of the server, from the block's label; MCP clients see it."`
	Title        string `json:"title,omitempty" doc:"Name for people to read. MCP clients show it."`
	Website      string `json:"website,omitempty" doc:"URL of a page about the server."`
	Version      string `json:"version,omitempty" default:"0.0.0" doc:"Version that MCP clients see."`
	Description  string `json:"description,omitempty" doc:"What the server is for, in a sentence."`
	Instructions string `json:"instructions,omitempty" doc:"How a model should use this server; sent to clients when they connect."`

	StateKey string `json:"state_key,omitempty" sensitive:"true" doc:"Secret that protects what clients carry between the rounds of one call (MCP requestState). Give it to servers that share their clients. Default: a new one at each start."`

	Listen     Listen      `json:"listen,omitzero" impact:"restart"`
	TLS        *TLS        `json:"tls,omitempty" impact:"restart"`
	Auth       *Auth       `json:"auth,omitempty"`
	RateLimits []RateLimit `json:"rate_limit,omitempty"`
	Receipts   *Receipts   `json:"receipts,omitempty" impact:"restart"`
	Limits     Limits      `json:"limits,omitzero" impact:"restart"`
	Governor   Governor    `json:"governor,omitzero" impact:"restart"`

	Icons     []Icon                       `json:"icon,omitempty"`
	Tools     map[string]*Tool             `json:"tool,omitempty" label:"name"`
	Resources map[string]*Resource         `json:"resource,omitempty" label:"name"`
	Templates map[string]*ResourceTemplate `json:"resource_template,omitempty" label:"name"`
	Prompts   map[string]*Prompt           `json:"prompt,omitempty" label:"name"`
	Upstreams map[string]*Upstream         `json:"upstream,omitempty" label:"name"`
	OpenAPIs  map[string]*OpenAPI          `json:"openapi,omitempty" label:"name"`

	Log     Log      `json:"log,omitzero"`
	Metrics Metrics  `json:"metrics,omitzero" impact:"restart"`
	Tracing *Tracing `json:"tracing,omitempty"`
	Health  Health   `json:"health,omitzero"`

	// Sensitive are JSON pointers (RFC 6901) into this document to values that
	// must never be shown.
	Sensitive []string `json:"sensitive,omitempty" hcl:"-"`
}

// Listen is the front door: one port for HTTP and raw JSON-RPC.
type Listen struct {
	_ struct{} `doc:"Where the server listens. One port answers MCP over HTTP, health checks, and newline-delimited JSON-RPC over raw TCP."`

	Address string   `json:"address,omitempty" default:"127.0.0.1" doc:"IP address to listen on. Use \"0.0.0.0\" for every interface. In a container the runtime listens on every interface of the container, and this is the address of the host that the port is published on."`
	Port    *int     `json:"port,omitempty" default:"8080" min:"0" max:"65535" doc:"TCP port for HTTP and raw JSON-RPC. 0 lets the target pick a free one."`
	Path    string   `json:"path,omitempty" default:"/mcp" doc:"URL path of the MCP endpoint."`
	SSEPath string   `json:"sse_path,omitempty" doc:"URL path of the transport that MCP had in 2024-11-05 (HTTP+SSE), for clients that know no other. Not offered unless set; usually \"/sse\"."`
	TCPPort *int     `json:"tcp_port,omitempty" min:"1" max:"65535" doc:"A second port, for raw JSON-RPC only. By convention 5005. Not opened unless set."`
	Hosts   []string `json:"hosts,omitempty" doc:"Host names (without port) that requests may be addressed to, against DNS rebinding. Default: on a loopback address, localhost and loopback addresses only; otherwise any."`
	Socket  *Socket  `json:"socket,omitempty"`
	Origins []string `json:"origins,omitempty" doc:"Origins of web pages whose scripts may call the server, such as \"https://app.example.com\". Default: those of the allowed loopback hosts."`
}

// Limits bounds what the server as a whole may use.
type Limits struct {
	_ struct{} `doc:"Bounds what the server as a whole may use. memory, cpu and processes are enforced by the target: Docker always does, a host by control groups when erlmcp runs there as root."`

	RequestSize   Size     `json:"request_size,omitempty" default:"10MB" doc:"Largest request body or raw message."`
	ResponseSize  Size     `json:"response_size,omitempty" default:"10MB" doc:"Largest result of a tool, resource or prompt."`
	JSONDepth     int      `json:"json_depth,omitempty" default:"64" min:"4" max:"1000" doc:"Deepest nesting of JSON in a request."`
	Connections   int      `json:"connections,omitempty" default:"16384" min:"1" doc:"Connections open at the same time."`
	Sessions      int      `json:"sessions,omitempty" default:"65536" min:"1" doc:"Sessions of clients of the older protocol era held at the same time."`
	Workers       int      `json:"workers,omitempty" default:"64" min:"1" doc:"Tool calls carried out at the same time."`
	Queue         *int     `json:"queue,omitempty" default:"1024" min:"0" doc:"Tool calls that wait for a worker; more are refused."`
	CallTimeout   Duration `json:"call_timeout,omitempty" default:"30s" doc:"Longest time for one tool call, resource read or prompt."`
	AnswerTimeout Duration `json:"answer_timeout,omitempty" default:"5m" doc:"How long a tool call waits for its client to answer a question (sampling, elicitation, roots). That time does not count for call_timeout."`
	Tasks         int      `json:"tasks,omitempty" default:"256" min:"1" doc:"Tasks held at the same time, ended ones included: calls that go on after their request was answered. Without room a call is not made a task."`
	TaskTTL       Duration `json:"task_ttl,omitempty" default:"1h" doc:"How long a task is kept from its start. One that still runs is ended then."`
	HeaderTimeout Duration `json:"header_timeout,omitempty" default:"10s" doc:"Longest time for a client to send its request headers, or to finish the TLS handshake."`
	HeaderSize    Size     `json:"header_size,omitempty" default:"32KB" doc:"Largest request headers, all together. A request with more is refused with status 431."`
	BodyTimeout   Duration `json:"body_timeout,omitempty" default:"30s" doc:"Longest time for a client to send a request with its body."`
	WriteTimeout  Duration `json:"write_timeout,omitempty" default:"30s" doc:"Longest time for a client to take in an answer or an event; then its connection is closed."`
	IdleTimeout   Duration `json:"idle_timeout,omitempty" default:"5m" doc:"How long a connection without requests is kept."`
	SessionTTL    Duration `json:"session_ttl,omitempty" default:"30m" doc:"How long a session without requests is kept."`
	DrainTimeout  Duration `json:"drain_timeout,omitempty" default:"10s" doc:"Longest wait for calls in progress when the server stops."`
	Memory        Size     `json:"memory,omitempty" default:"256MB" doc:"Memory that the target gives the server. The runtime keeps its own below it: Go's collector works towards nine tenths of it, or less where it is small, and the governor admits no more requests than there is room for."`
	CPU           float64  `json:"cpu,omitempty" default:"1" min:"0.01" max:"1024" unit:"cores" doc:"Processor time that the target gives the server."`
	Processes     int      `json:"processes,omitempty" default:"256" min:"16" doc:"Processes and threads that the target allows the server."`
}

// Log says what is logged.
type Log struct {
	_ struct{} `doc:"What is logged, and where to: to standard error unless console is false, and to any of the places below. Arguments and contents are never logged. A change is taken in by a running server."`

	Level   string `json:"level,omitempty" default:"info" enum:"trace,debug,info,warn,error" doc:"Least level that is logged, where a place below has none of its own."`
	Format  string `json:"format,omitempty" default:"text" enum:"text,json" impact:"restart" doc:"Form of a line on standard error."`
	Access  bool   `json:"access,omitempty" doc:"Whether each request is logged, at level info."`
	Console *bool  `json:"console,omitempty" default:"true" doc:"Whether lines go to standard error."`

	File          *LogFile       `json:"file,omitempty"`
	Syslog        *LogSyslog     `json:"syslog,omitempty"`
	Journald      *LogJournald   `json:"journald,omitempty"`
	Elasticsearch *Elasticsearch `json:"elasticsearch,omitempty"`
}

// Metrics says where Prometheus finds its metrics.
type Metrics struct {
	_ struct{} `doc:"Metrics: for Prometheus on a port of their own, and to an OpenTelemetry collector when otlp says so."`

	Enabled *bool  `json:"enabled,omitempty" default:"true" doc:"Whether metrics are served to Prometheus."`
	Address string `json:"address,omitempty" default:"127.0.0.1" doc:"IP address to listen on; in a container, the host address that the port is published on."`
	Port    *int   `json:"port,omitempty" default:"9090" min:"0" max:"65535" doc:"TCP port. 0 lets the target pick a free one."`
	Path    string `json:"path,omitempty" default:"/metrics" doc:"URL path."`

	Addresses []string     `json:"addresses,omitempty" doc:"Further addresses with the same metrics, such as \"127.0.0.1:9464\", where OpenTelemetry's exporters have theirs."`
	OTLP      *MetricsOTLP `json:"otlp,omitempty"`
}

// Health says where health is told.
type Health struct {
	_ struct{} `doc:"Health checks over HTTP, on the server's own port: PATH tells all of it, PATH/live whether the server runs, PATH/ready whether it takes requests; details below PATH/transport, PATH/session, PATH/registry and PATH/upstream/NAME."`

	Path       string `json:"path,omitempty" default:"/health" doc:"URL path."`
	StatusPage bool   `json:"status_page,omitempty" doc:"Whether a page for people at / says how the server is. It names no tools and holds no secrets."`
}
