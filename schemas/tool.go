package schemas

// Tool is something that a model can call.
type Tool struct {
	_ struct{} `doc:"A tool that a model can call. It has inputs and exactly one block that says what it does: static, exec, http or search."`

	Title       string            `json:"title,omitempty" doc:"Name for people to read."`
	Description string            `json:"description,omitempty" doc:"What the tool does and when to use it, for the model."`
	Inputs      map[string]*Input `json:"input,omitempty" label:"input" atmostone:"inputs"`
	InputSchema string            `json:"input_schema,omitempty" atmostone:"inputs" kind:"json" doc:"The JSON Schema of the arguments as JSON text, instead of input blocks; usually jsonencode({…}) or file(\"schema.json\")."`

	OutputSchema string `json:"output_schema,omitempty" kind:"json" doc:"The JSON Schema of the structured answer as JSON text. An answer that does not fit it is an error. A text that is JSON counts as structured."`
	Icons        []Icon `json:"icon,omitempty"`

	Static *Static `json:"static,omitempty" exactlyone:"backend"`
	Exec   *Exec   `json:"exec,omitempty" exactlyone:"backend"`
	HTTP   *HTTP   `json:"http,omitempty" exactlyone:"backend"`
	Search *Search `json:"search,omitempty" exactlyone:"backend"`

	Task string `json:"task,omitempty" enum:"optional,required" doc:"Whether calls go on as tasks (the Tasks extension of MCP 2026-07-28): \"optional\" for clients that know tasks, \"required\" to refuse all others. Default: never."`

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

// Static answers with what is given here.
type Static struct {
	_ struct{} `doc:"Answers with what is given here: a text, or pieces of content in order."`

	Text       Template  `json:"text,omitempty" exactlyone:"answer" template:"text" doc:"The text; may mention input."`
	Contents   []Content `json:"content,omitempty" exactlyone:"answer"`
	Structured Template  `json:"structured,omitempty" template:"text" doc:"Structured answer as JSON text; usually jsonencode({…}). May mention input."`
	Error      bool      `json:"error,omitempty" doc:"Whether the answer is an error that the model sees."`
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
	Body          Template            `json:"body,omitempty" template:"text" atmostone:"body" doc:"Request body; usually jsonencode({…})."`
	Timeout       Duration            `json:"timeout,omitempty" default:"10s" doc:"Longest time for the whole exchange."`
	ResponseLimit Size                `json:"response_limit,omitempty" default:"1MB" doc:"Largest response body; a larger one is an error."`
	Redirects     int                 `json:"redirects,omitempty" default:"0" min:"0" max:"10" doc:"Redirects that are followed, to the same host only."`

	Parameters map[string]*HTTPParameter `json:"parameter,omitempty" label:"name"`
	Payload    *HTTPPayload              `json:"payload,omitempty" atmostone:"body"`
}

// Search finds text in the server's resources.
type Search struct {
	_ struct{} `doc:"Searches the text of the server's own resources, case-insensitively, and answers with the lines that hold every word. It declares the arguments query and limit itself."`

	Resources []string `json:"resources,omitempty" doc:"Names of the resource blocks to search. Default: all."`
	Limit     int      `json:"limit,omitempty" default:"20" min:"1" max:"1000" unit:"matches" doc:"Most matches in an answer."`
}
