package schemas

// Server is an MCP server: the front door, what is served, what is seen. Its
// JSON is the runtime document.
type Server struct {
	_ struct{} `doc:"An MCP server: where it listens, what it serves, how it is guarded and observed."`

	Name         string `json:"name" hcl:"-" impact:"restart" doc:"Name of the server, from the block's label; MCP clients see it."`
	Title        string `json:"title,omitempty" doc:"Name for people to read. MCP clients show it."`
	Version      string `json:"version,omitempty" default:"0.0.0" doc:"Version that MCP clients see."`
	Description  string `json:"description,omitempty" doc:"What the server is for, in a sentence."`
	Instructions string `json:"instructions,omitempty" doc:"How a model should use this server; sent to clients when they connect."`

	Listen    Listen     `json:"listen,omitzero" impact:"restart"`
	TLS       *TLS       `json:"tls,omitempty" impact:"restart"`
	RateLimit *RateLimit `json:"rate_limit,omitempty"`
	Limits    Limits     `json:"limits,omitzero" impact:"restart"`

	Tools     map[string]*Tool     `json:"tool,omitempty" label:"name"`
	Resources map[string]*Resource `json:"resource,omitempty" label:"name"`
	Prompts   map[string]*Prompt   `json:"prompt,omitempty" label:"name"`

	Log     Log     `json:"log,omitzero"`
	Metrics Metrics `json:"metrics,omitzero" impact:"restart"`
	Health  Health  `json:"health,omitzero"`

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
	TCPPort *int     `json:"tcp_port,omitempty" min:"1" max:"65535" doc:"A second port, for raw JSON-RPC only. By convention 5005. Not opened unless set."`
	Hosts   []string `json:"hosts,omitempty" doc:"Host names (without port) that requests may be addressed to, against DNS rebinding. Default: on a loopback address, localhost and loopback addresses only; otherwise any."`
	Origins []string `json:"origins,omitempty" doc:"Origins of web pages whose scripts may call the server, such as \"https://app.example.com\". Default: those of the allowed loopback hosts."`
}

// TLS turns TLS on for every listener of the front door.
type TLS struct {
	_ struct{} `doc:"Turns on TLS 1.3, and client certificates when asked for. Give the certificate and key as PEM text, which travels with the server, or as files that exist on the target."`

	Certificate     string `json:"certificate,omitempty" exactlyone:"certificate" doc:"Certificate chain in PEM, leaf first; usually file(\"server.pem\")."`
	CertificateFile string `json:"certificate_file,omitempty" exactlyone:"certificate" doc:"Path on the target of the certificate chain in PEM."`
	Key             string `json:"key,omitempty" exactlyone:"key" sensitive:"true" doc:"Private key in PEM; usually file(\"server.key\")."`
	KeyFile         string `json:"key_file,omitempty" exactlyone:"key" doc:"Path on the target of the private key in PEM."`
	ClientCA        string `json:"client_ca,omitempty" atmostone:"client_ca" doc:"Certificates in PEM of the authorities that sign client certificates."`
	ClientCAFile    string `json:"client_ca_file,omitempty" atmostone:"client_ca" doc:"Path on the target of the authorities that sign client certificates."`
	ClientAuth      string `json:"client_auth,omitempty" enum:"none,optional,require" doc:"Whether clients show a certificate. Default: \"require\" when a client CA is given, else \"none\"."`
	MinVersion      string `json:"min_version,omitempty" default:"1.3" enum:"1.2,1.3" doc:"Oldest TLS version that is accepted."`
}

// RateLimit bounds what one client may ask.
type RateLimit struct {
	_ struct{} `doc:"Bounds what each client may ask. A refused request gets HTTP status 429 with Retry-After, and a JSON-RPC error that says when to come back."`

	RequestsPerMinute int  `json:"requests_per_minute" required:"true" min:"1" unit:"requests per client" doc:"How many requests of one client are answered in any span of 60 seconds."`
	Burst             *int `json:"burst,omitempty" min:"1" unit:"requests per client" doc:"How many requests of one client may be in progress at the same moment. Default: no bound of its own."`
}

// Limits bounds what the server as a whole may use.
type Limits struct {
	_ struct{} `doc:"Bounds what the server as a whole may use. memory, cpu and processes are enforced by the target: Docker always does, a host by control groups when erlmcp runs there as root."`

	RequestSize   Size     `json:"request_size,omitempty" default:"10MB" doc:"Largest request body or raw message."`
	ResponseSize  Size     `json:"response_size,omitempty" default:"10MB" doc:"Largest result of a tool or resource."`
	JSONDepth     int      `json:"json_depth,omitempty" default:"64" min:"4" max:"1000" doc:"Deepest nesting of JSON in a request."`
	Connections   int      `json:"connections,omitempty" default:"16384" min:"1" doc:"Connections open at the same time."`
	Sessions      int      `json:"sessions,omitempty" default:"65536" min:"1" doc:"Sessions of clients of the older protocol era held at the same time."`
	Workers       int      `json:"workers,omitempty" default:"64" min:"1" doc:"Tool calls carried out at the same time."`
	Queue         int      `json:"queue,omitempty" default:"1024" min:"0" doc:"Tool calls that wait for a worker; more are refused."`
	CallTimeout   Duration `json:"call_timeout,omitempty" default:"30s" doc:"Longest time for one tool call, resource read or prompt."`
	HeaderTimeout Duration `json:"header_timeout,omitempty" default:"10s" doc:"Longest time for a client to send its request headers."`
	IdleTimeout   Duration `json:"idle_timeout,omitempty" default:"5m" doc:"How long a connection without requests is kept."`
	SessionTTL    Duration `json:"session_ttl,omitempty" default:"30m" doc:"How long a session without requests is kept."`
	DrainTimeout  Duration `json:"drain_timeout,omitempty" default:"10s" doc:"Longest wait for calls in progress when the server stops."`
	Memory        Size     `json:"memory,omitempty" default:"256MB" doc:"Memory that the target gives the server."`
	CPU           float64  `json:"cpu,omitempty" default:"1" min:"0.01" max:"1024" unit:"cores" doc:"Processor time that the target gives the server."`
	Processes     int      `json:"processes,omitempty" default:"256" min:"16" doc:"Processes and threads that the target allows the server."`
}

// Tool is something that a model can call.
type Tool struct {
	_ struct{} `doc:"A tool that a model can call. It has inputs and exactly one block that says what it does: static, exec, http or search."`

	Title       string            `json:"title,omitempty" doc:"Name for people to read."`
	Description string            `json:"description,omitempty" doc:"What the tool does and when to use it, for the model."`
	Inputs      map[string]*Input `json:"input,omitempty" label:"input" atmostone:"inputs"`
	InputSchema string            `json:"input_schema,omitempty" atmostone:"inputs" kind:"json" doc:"The JSON Schema of the arguments as JSON text, instead of input blocks; usually jsonencode({…}) or file(\"schema.json\")."`

	Static *Static `json:"static,omitempty" exactlyone:"backend"`
	Exec   *Exec   `json:"exec,omitempty" exactlyone:"backend"`
	HTTP   *HTTP   `json:"http,omitempty" exactlyone:"backend"`
	Search *Search `json:"search,omitempty" exactlyone:"backend"`

	ReadOnly    *bool `json:"read_only,omitempty" doc:"Hint: the tool changes nothing (MCP readOnlyHint)."`
	Destructive *bool `json:"destructive,omitempty" doc:"Hint: the tool may destroy something (MCP destructiveHint)."`
	Idempotent  *bool `json:"idempotent,omitempty" doc:"Hint: calling twice does the same as calling once (MCP idempotentHint)."`
	OpenWorld   *bool `json:"open_world,omitempty" doc:"Hint: the tool reaches beyond this server (MCP openWorldHint)."`
}

// Input is one argument of a tool.
type Input struct {
	_ struct{} `doc:"One argument of a tool. Calls whose arguments do not fit are refused before the tool runs."`

	Type        string   `json:"type" required:"true" kind:"type" enum:"string,number,integer,boolean,array,object" doc:"Type of the argument: string, number, integer, boolean, array or object; written without quotes."`
	Description string   `json:"description,omitempty" doc:"What the argument means, for the model."`
	Required    *bool    `json:"required,omitempty" doc:"Whether calls must give it. Default: true, unless a default is given."`
	Default     string   `json:"default,omitempty" kind:"value" doc:"Value when a call leaves it out, of the argument's type."`
	Enum        []string `json:"enum,omitempty" nonempty:"true" doc:"The values that are allowed."`
	Pattern     string   `json:"pattern,omitempty" doc:"Regular expression that a string must match, in the syntax of RE2."`
	MinLength   *int     `json:"min_length,omitempty" min:"0" doc:"Fewest characters of a string."`
	MaxLength   *int     `json:"max_length,omitempty" min:"0" doc:"Most characters of a string."`
	Minimum     *float64 `json:"minimum,omitempty" doc:"Smallest number."`
	Maximum     *float64 `json:"maximum,omitempty" doc:"Largest number."`
	Items       string   `json:"items,omitempty" kind:"type" enum:"string,number,integer,boolean,object" doc:"Type of the elements of an array; written without quotes."`
}

// Static answers with a text.
type Static struct {
	_ struct{} `doc:"Answers with a text."`

	Text Template `json:"text" required:"true" template:"text" doc:"The text; may mention input."`
}

// Exec runs a program.
type Exec struct {
	_ struct{} `doc:"Runs a program, without a shell. Its standard output is the answer; an exit status other than 0 makes the answer an error. The program gets no environment but what is given here and ERLMCP_CALL, a mark by which its processes are known."`

	Command     []Template          `json:"command" required:"true" template:"word" doc:"Program and arguments. Each element stays one word whatever the input holds, and an input that begins with a dash is refused as the start of a word unless a \"--\" stands before it."`
	Dir         string              `json:"dir,omitempty" doc:"Working directory on the target. Default: the server's folder of shipped files."`
	Env         map[string]Template `json:"env,omitempty" template:"text" doc:"Environment variables of the program."`
	Stdin       Template            `json:"stdin,omitempty" template:"text" doc:"What the program reads on standard input. Default: nothing."`
	Timeout     Duration            `json:"timeout,omitempty" default:"30s" doc:"Longest run; then the program and its children are ended."`
	OutputLimit Size                `json:"output_limit,omitempty" default:"1MB" doc:"Most output that is kept; what follows is cut, with a mark."`
	ErrorExits  *bool               `json:"error_exits,omitempty" doc:"Whether an exit status other than 0 makes the answer an error. Default: true."`
}

// HTTP calls a web service.
type HTTP struct {
	_ struct{} `doc:"Calls a web service. The body of the response is the answer; a status of 400 or more makes it an error."`

	URL           Template            `json:"url" required:"true" template:"url" doc:"URL; input may stand in path segments and in the query, where it is escaped."`
	Method        string              `json:"method,omitempty" default:"GET" enum:"GET,HEAD,POST,PUT,PATCH,DELETE" doc:"Request method."`
	Headers       map[string]Template `json:"headers,omitempty" template:"header" doc:"Request headers."`
	Body          Template            `json:"body,omitempty" template:"text" doc:"Request body; usually jsonencode({…})."`
	Timeout       Duration            `json:"timeout,omitempty" default:"10s" doc:"Longest time for the whole exchange."`
	ResponseLimit Size                `json:"response_limit,omitempty" default:"1MB" doc:"Largest response body; a larger one is an error."`
	Redirects     int                 `json:"redirects,omitempty" default:"0" min:"0" max:"10" doc:"Redirects that are followed, to the same host only."`
}

// Search finds text in the server's resources.
type Search struct {
	_ struct{} `doc:"Searches the text of the server's own resources, case-insensitively, and answers with the lines that hold every word. It declares the arguments query and limit itself."`

	Resources []string `json:"resources,omitempty" doc:"Names of the resource blocks to search. Default: all."`
	Limit     int      `json:"limit,omitempty" default:"20" min:"1" max:"1000" unit:"matches" doc:"Most matches in an answer."`
}

// Resource is something that a client can read.
type Resource struct {
	_ struct{} `doc:"A document that clients can read, or a folder of them. A relative path is in this configuration's folder and is shipped with the server; an absolute one is on the target."`

	URI         string   `json:"uri,omitempty" doc:"URI of the resource; of a folder, what stands before each file's path. Default: \"erlmcp://NAME\"."`
	Title       string   `json:"title,omitempty" doc:"Name for people to read."`
	Description string   `json:"description,omitempty" doc:"What the resource holds."`
	MIMEType    string   `json:"mime_type,omitempty" doc:"Media type. Default: from the file name, else text/plain."`
	Text        *string  `json:"text,omitempty" exactlyone:"content" doc:"The content itself."`
	File        string   `json:"file,omitempty" exactlyone:"content" kind:"path" doc:"A file."`
	Folder      string   `json:"folder,omitempty" exactlyone:"content" kind:"path" doc:"A folder; each file in it is a resource."`
	Include     []string `json:"include,omitempty" doc:"Patterns of the files of a folder, such as \"**/*.md\". Default: all but those whose name begins with a dot."`
}

// Prompt is a message that a user can pick.
type Prompt struct {
	_ struct{} `doc:"A prompt that users can pick."`

	Title       string               `json:"title,omitempty" doc:"Name for people to read."`
	Description string               `json:"description,omitempty" doc:"What the prompt is for."`
	Arguments   map[string]*Argument `json:"argument,omitempty" label:"input"`
	Messages    []Message            `json:"message,omitempty" required:"true"`
}

// Argument is one argument of a prompt.
type Argument struct {
	_ struct{} `doc:"One argument of a prompt; messages mention it as input.NAME."`

	Title       string `json:"title,omitempty" doc:"Name for people to read."`
	Description string `json:"description,omitempty" doc:"What the argument means."`
	Required    *bool  `json:"required,omitempty" doc:"Whether it must be given. Default: true."`
}

// Message is one message of a prompt.
type Message struct {
	_ struct{} `doc:"One message of a prompt, in order."`

	Role string   `json:"role,omitempty" default:"user" enum:"user,assistant" doc:"Who says it."`
	Text Template `json:"text" required:"true" template:"text" doc:"The text; may mention input."`
}

// Log says what is logged.
type Log struct {
	_ struct{} `doc:"What is logged, to standard error. Arguments and contents are never logged."`

	Level  string `json:"level,omitempty" default:"info" enum:"trace,debug,info,warn,error" doc:"Least level that is logged."`
	Format string `json:"format,omitempty" default:"text" enum:"text,json" impact:"restart" doc:"Form of a line."`
	Access bool   `json:"access,omitempty" doc:"Whether each request is logged, at level info."`
}

// Metrics says where Prometheus finds its metrics.
type Metrics struct {
	_ struct{} `doc:"Prometheus metrics, on a port of their own."`

	Enabled *bool  `json:"enabled,omitempty" default:"true" doc:"Whether metrics are served."`
	Address string `json:"address,omitempty" default:"127.0.0.1" doc:"IP address to listen on; in a container, the host address that the port is published on."`
	Port    *int   `json:"port,omitempty" default:"9090" min:"0" max:"65535" doc:"TCP port. 0 lets the target pick a free one."`
	Path    string `json:"path,omitempty" default:"/metrics" doc:"URL path."`
}

// Health says where health is told.
type Health struct {
	_ struct{} `doc:"Health checks over HTTP, on the server's own port; details below PATH/transport, PATH/session and PATH/registry."`

	Path string `json:"path,omitempty" default:"/health" doc:"URL path."`
}
