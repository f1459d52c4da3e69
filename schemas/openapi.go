package schemas

// OpenAPI makes tools of the operations of a web service. It is lowered to tool
// blocks before a runtime document is written; the runtime does not know it.
type OpenAPI struct {
	_ struct{} `doc:"Makes a tool of each operation of an OpenAPI document (3.0 or 3.1). The tools are made when you plan, and are tools like any other then: the plan shows them, and the runtime reads no OpenAPI. Arguments are the parameters, by name, and body, the request body; where two have one name, the place is put behind it, as in id_query."`

	Document   string             `json:"document" required:"true" doc:"The OpenAPI document as JSON or YAML; usually file(\"petstore.yaml\"). References lead to places inside of it."`
	URL        string             `json:"url,omitempty" doc:"URL of the service, before the paths of the operations. Default: the first of the document's servers."`
	Prefix     string             `json:"prefix,omitempty" doc:"What stands before the names of the tools, such as \"petstore_\"."`
	Rename     map[string]string  `json:"rename,omitempty" doc:"Names of tools by operation id, or by method and path as in \"GET /pets\"; the prefix is not put before them. Default: the operation id, else method and path."`
	Include    *Operations        `json:"include,omitempty"`
	Exclude    *Operations        `json:"exclude,omitempty"`
	Security   map[string]*Secret `json:"security,omitempty" label:"name"`
	Headers    map[string]string  `json:"headers,omitempty" doc:"Headers of each request."`
	Structured *bool              `json:"structured,omitempty" default:"true" doc:"Whether tools have an output schema where the document describes a successful answer as a JSON object. An answer that does not fit it is an error: turn it off for a service that does not keep to its document."`

	Timeout       Duration `json:"timeout,omitempty" default:"10s" doc:"Longest time for a whole exchange."`
	ResponseLimit Size     `json:"response_limit,omitempty" default:"1MB" doc:"Largest response body; a larger one is an error."`
}

// Operations chooses operations of an OpenAPI document.
type Operations struct {
	_ struct{} `doc:"Chooses operations: those that one of the lists names. In patterns * stands for any characters."`

	Tags       []string `json:"tags,omitempty" doc:"Patterns of tags."`
	Operations []string `json:"operations,omitempty" doc:"Patterns of operation ids."`
	Paths      []string `json:"paths,omitempty" doc:"Patterns of paths as the document has them, such as \"/pets/*\"."`
	Methods    []string `json:"methods,omitempty" enum:"GET,HEAD,POST,PUT,PATCH,DELETE" doc:"Request methods."`
}

// Secret is what a security scheme of an OpenAPI document asks for.
type Secret struct {
	_ struct{} `doc:"What the security scheme of that name in the document asks for, from sensitive variables: a token (apiKey, http bearer, oauth2, openIdConnect), or user and password (http basic). Operations get it that the document says need it."`

	Token    string `json:"token,omitempty" sensitive:"true" atmostone:"secret" doc:"The key or token. It stands where the scheme says: in a header, in the query or in a cookie."`
	User     string `json:"user,omitempty" doc:"Name of the user."`
	Password string `json:"password,omitempty" sensitive:"true" atmostone:"secret" doc:"Password of the user."`
}

// HTTPParameter is an argument that goes into a request by itself.
type HTTPParameter struct {
	_ struct{} `doc:"Sends the argument of that name in the query, a header or a cookie, as OpenAPI's parameters do. One that the call leaves out is not sent. Lists and objects are written in a style. Whatever it holds, it stays one parameter."`

	In      string   `json:"in,omitempty" default:"query" enum:"query,header,cookie" doc:"Where it goes."`
	Name    string   `json:"name,omitempty" doc:"Its name there. Default: the name of the argument."`
	Style   string   `json:"style,omitempty" enum:"form,spaceDelimited,pipeDelimited,deepObject,simple,json" doc:"How a list or object is written. \"form\": joined by commas, or repeated with explode. \"spaceDelimited\" and \"pipeDelimited\": joined by these. \"deepObject\": name[key]=value. \"simple\", of headers: joined by commas. \"json\": as JSON. Default: \"form\", in headers \"simple\"."`
	Explode *bool    `json:"explode,omitempty" doc:"Whether each element of a list is a parameter of its own. Default: true for the style form, else false."`
	Keys    []string `json:"keys,omitempty" doc:"Members that an object may have which is written in the style form with explode, where they become parameters themselves. Without keys such an object is refused."`
}

// HTTPPayload is an argument that is the body of a request.
type HTTPPayload struct {
	_ struct{} `doc:"Makes the body of the request of one argument. Without it in a call there is no body."`

	Argument string   `json:"argument" required:"true" doc:"Name of the argument."`
	As       string   `json:"as,omitempty" default:"json" enum:"json,form,multipart,text,base64" doc:"How it is written. \"json\": as JSON. \"form\": an object as application/x-www-form-urlencoded. \"multipart\": an object as multipart/form-data. \"text\": a string as it is. \"base64\": the bytes that the string stands for."`
	Type     string   `json:"type,omitempty" doc:"Media type. Default: the one that goes with as."`
	Files    []string `json:"files,omitempty" doc:"Members of a multipart object that are files, given in base64."`
}
