package schemas

// Upstream is another MCP server, whose offers are this server's own.
type Upstream struct {
	_ struct{} `doc:"Another MCP server, whose tools, resources, resource templates and prompts are offered as this server's own. One connection serves all clients. A server whose upstream cannot be reached runs all the same: health names it, what it offers comes and goes with it, and clients are told. What it asks of a client (sampling, elicitation, roots) goes to the client whose call it is working on."`

	Stdio *UpstreamStdio `json:"stdio,omitempty" exactlyone:"transport"`
	HTTP  *UpstreamHTTP  `json:"http,omitempty" exactlyone:"transport"`

	Prefix    string     `json:"prefix,omitempty" doc:"What stands before the names of its tools and prompts here, such as \"github_\"."`
	Tools     *Selection `json:"tools,omitempty"`
	Prompts   *Selection `json:"prompts,omitempty"`
	Resources *URIs      `json:"resources,omitempty"`

	Timeout       Duration `json:"timeout,omitempty" default:"30s" doc:"Longest time for one request to it. The time that a client takes to answer its questions does not count. limits.call_timeout holds besides."`
	StartTimeout  Duration `json:"start_timeout,omitempty" default:"30s" doc:"Longest time for it to start and to say what it offers."`
	ResponseLimit Size     `json:"response_limit,omitempty" default:"10MB" doc:"Largest message that is taken from it."`
	Concurrency   int      `json:"concurrency,omitempty" default:"16" min:"1" max:"1024" unit:"requests" doc:"Requests to it at the same time; others wait. With 1 it is always clear whose call its questions are about; with more they are refused when it is not, which happens only over stdio and with versions of MCP before 2026-07-28."`

	Sampling    *bool `json:"sampling,omitempty" default:"true" doc:"Whether it may ask a client's model."`
	Elicitation *bool `json:"elicitation,omitempty" default:"true" doc:"Whether it may ask a client's user."`
	Roots       *bool `json:"roots,omitempty" default:"true" doc:"Whether it may ask for the folders that a client works in."`
}

// UpstreamStdio is an upstream that this server runs as a program.
type UpstreamStdio struct {
	_ struct{} `doc:"Runs the upstream as a program, without a shell, and speaks over its standard input and output. It gets no environment but what is given here and ERLMCP_CALL, a mark by which its processes are known. When it ends it is started again, after a pause that grows from a quarter of a second to half a minute. It is ended with everything that it has started."`

	Command []string          `json:"command" required:"true" doc:"Program and arguments."`
	Dir     string            `json:"dir,omitempty" doc:"Working directory on the target. Default: the server's folder of shipped files."`
	Env     map[string]string `json:"env,omitempty" doc:"Environment variables of the program. Programs that start others by name need PATH."`
}

// UpstreamHTTP is an upstream that runs elsewhere.
type UpstreamHTTP struct {
	_ struct{} `doc:"An upstream that runs elsewhere, over MCP's streamable HTTP. No redirect leads to another host. When it cannot be reached it is tried again, after a pause that grows from a quarter of a second to half a minute."`

	URL             string            `json:"url" required:"true" doc:"URL of its MCP endpoint."`
	Headers         map[string]string `json:"headers,omitempty" doc:"Headers of each request."`
	Token           string            `json:"token,omitempty" sensitive:"true" doc:"Token that is sent as \"Authorization: Bearer TOKEN\"."`
	CA              string            `json:"ca,omitempty" atmostone:"ca" doc:"Certificates in PEM of the authorities that may sign its certificate. Default: those of the system."`
	CAFile          string            `json:"ca_file,omitempty" atmostone:"ca" doc:"Path on the target of these authorities."`
	Certificate     string            `json:"certificate,omitempty" atmostone:"certificate" doc:"Certificate in PEM that is shown to it."`
	CertificateFile string            `json:"certificate_file,omitempty" atmostone:"certificate" doc:"Path on the target of the certificate that is shown to it."`
	Key             string            `json:"key,omitempty" atmostone:"key" sensitive:"true" doc:"Private key in PEM of that certificate."`
	KeyFile         string            `json:"key_file,omitempty" atmostone:"key" doc:"Path on the target of that private key."`
}

// Selection says which of an upstream's tools or prompts are offered, and under
// which names.
type Selection struct {
	_ struct{} `doc:"Which of them are offered, and under which names. Names are the upstream's own; in patterns * stands for any characters."`

	Include []string          `json:"include,omitempty" nonempty:"true" doc:"Patterns of those that are offered. Default: all."`
	Exclude []string          `json:"exclude,omitempty" doc:"Patterns of those that are not."`
	Rename  map[string]string `json:"rename,omitempty" doc:"Names here by names there; the prefix is not put before them."`
}

// URIs says which of an upstream's resources are offered.
type URIs struct {
	_ struct{} `doc:"Which of its resources and resource templates are offered, by URI. In patterns * stands for any characters."`

	Include []string `json:"include,omitempty" nonempty:"true" doc:"Patterns of those that are offered. Default: all."`
	Exclude []string `json:"exclude,omitempty" doc:"Patterns of those that are not; \"*\" for none at all."`
}
