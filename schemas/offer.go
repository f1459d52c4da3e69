package schemas

// Resource is something that a client can read.
type Resource struct {
	_ struct{} `doc:"A document that clients can read, or a folder of them. A relative path is in this configuration's folder and is shipped with the server; an absolute one is on the target."`

	URI         string        `json:"uri,omitempty" doc:"URI of the resource; of a folder, what stands before each file's path. Default: \"erlmcp://NAME\"."`
	Title       string        `json:"title,omitempty" doc:"Name for people to read."`
	Description string        `json:"description,omitempty" doc:"What the resource holds."`
	MIMEType    string        `json:"mime_type,omitempty" doc:"Media type. Default: from the file name, else text/plain."`
	Text        *string       `json:"text,omitempty" exactlyone:"content" doc:"The content itself."`
	File        string        `json:"file,omitempty" exactlyone:"content" kind:"path" doc:"A file."`
	Folder      string        `json:"folder,omitempty" exactlyone:"content" kind:"path" doc:"A folder; each file in it is a resource."`
	HTTP        *ResourceHTTP `json:"http,omitempty" exactlyone:"content"`
	Include     []string      `json:"include,omitempty" doc:"Patterns of the files of a folder, such as \"**/*.md\". Default: all but those whose name begins with a dot."`
	Watch       *bool         `json:"watch,omitempty" default:"true" doc:"Whether changes of a file or folder are noticed, and clients told."`
	Audience    []string      `json:"audience,omitempty" enum:"user,assistant" doc:"For whom it is: \"user\", \"assistant\" or both."`
	Priority    *float64      `json:"priority,omitempty" min:"0" max:"1" doc:"How much it matters, from 0 to 1."`
	Icons       []Icon        `json:"icon,omitempty"`
}

// ResourceTemplate is a family of resources whose URI has parameters.
type ResourceTemplate struct {
	_ struct{} `doc:"Resources whose URI has parameters. Their text is made from them."`

	URI         string                `json:"uri" required:"true" doc:"URI with parameters in braces (RFC 6570): {id} stands for one path segment, {+path} for several."`
	Title       string                `json:"title,omitempty" doc:"Name for people to read."`
	Description string                `json:"description,omitempty" doc:"What the resources hold."`
	MIMEType    string                `json:"mime_type,omitempty" default:"text/plain" doc:"Media type."`
	Arguments   map[string]*Parameter `json:"argument,omitempty" label:"input"`
	Text        Template              `json:"text" required:"true" template:"text" doc:"The content; mentions the parameters of the URI as input.NAME."`
	Audience    []string              `json:"audience,omitempty" enum:"user,assistant" doc:"For whom it is: \"user\", \"assistant\" or both."`
	Priority    *float64              `json:"priority,omitempty" min:"0" max:"1" doc:"How much it matters, from 0 to 1."`
	Icons       []Icon                `json:"icon,omitempty"`
}

// Parameter is one parameter of a resource template's URI.
type Parameter struct {
	_ struct{} `doc:"One parameter of the URI; the text mentions it as input.NAME. A parameter needs no block unless it has something to say."`

	Complete []string `json:"complete,omitempty" doc:"Values that clients are offered while the user types."`
}

// Prompt is a message that a user can pick.
type Prompt struct {
	_ struct{} `doc:"A prompt that users can pick."`

	Title       string               `json:"title,omitempty" doc:"Name for people to read."`
	Description string               `json:"description,omitempty" doc:"What the prompt is for."`
	Arguments   map[string]*Argument `json:"argument,omitempty" label:"input"`
	Icons       []Icon               `json:"icon,omitempty"`
	Messages    []Message            `json:"message,omitempty" required:"true"`
}

// Argument is one argument of a prompt.
type Argument struct {
	_ struct{} `doc:"One argument of a prompt; messages mention it as input.NAME."`

	Title       string   `json:"title,omitempty" doc:"Name for people to read."`
	Description string   `json:"description,omitempty" doc:"What the argument means."`
	Required    *bool    `json:"required,omitempty" doc:"Whether it must be given. Default: true."`
	Complete    []string `json:"complete,omitempty" doc:"Values that clients are offered while the user types."`
}

// Message is one message of a prompt.
type Message struct {
	_ struct{} `doc:"One message of a prompt, in order. It has exactly one content."`

	Role     string    `json:"role,omitempty" default:"user" enum:"user,assistant" doc:"Who says it."`
	Text     Template  `json:"text,omitempty" exactlyone:"content" template:"text" doc:"A text; may mention input."`
	Image    *Media    `json:"image,omitempty" exactlyone:"content"`
	Audio    *Media    `json:"audio,omitempty" exactlyone:"content"`
	Resource *Embedded `json:"resource,omitempty" exactlyone:"content"`
	Link     *Link     `json:"resource_link,omitempty" exactlyone:"content"`
}
