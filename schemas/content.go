package schemas

// Content is one piece of an answer.
type Content struct {
	_ struct{} `doc:"One piece of an answer, in order: exactly one of text, image, audio, resource and resource_link."`

	Text     Template  `json:"text,omitempty" exactlyone:"content" template:"text" doc:"A text; may mention input."`
	Image    *Media    `json:"image,omitempty" exactlyone:"content"`
	Audio    *Media    `json:"audio,omitempty" exactlyone:"content"`
	Resource *Embedded `json:"resource,omitempty" exactlyone:"content"`
	Link     *Link     `json:"resource_link,omitempty" exactlyone:"content"`
	Audience []string  `json:"audience,omitempty" enum:"user,assistant" doc:"For whom it is: \"user\", \"assistant\" or both."`
	Priority *float64  `json:"priority,omitempty" min:"0" max:"1" doc:"How much it matters, from 0 to 1."`
}

// Media is a picture or a recording.
type Media struct {
	_ struct{} `doc:"A picture or a recording."`

	Data     string `json:"data" required:"true" kind:"base64" doc:"The content in base64; usually filebase64(\"logo.png\")."`
	MIMEType string `json:"mime_type" required:"true" doc:"Media type, such as \"image/png\" or \"audio/wav\"."`
}

// Embedded is a resource, content and all.
type Embedded struct {
	_ struct{} `doc:"A resource with its content."`

	URI      Template `json:"uri" required:"true" template:"text" doc:"URI of the resource; may mention input."`
	MIMEType string   `json:"mime_type,omitempty" default:"text/plain" doc:"Media type."`
	Text     Template `json:"text,omitempty" exactlyone:"embedded" template:"text" doc:"The content as text; may mention input."`
	Data     string   `json:"data,omitempty" exactlyone:"embedded" kind:"base64" doc:"The content in base64; usually filebase64(\"table.pdf\")."`
}

// Link names a resource that the client can read.
type Link struct {
	_ struct{} `doc:"A link to a resource that the client can read."`

	URI         Template `json:"uri" required:"true" template:"text" doc:"URI of the resource; may mention input."`
	Name        string   `json:"name" required:"true" doc:"Name of the resource."`
	Title       string   `json:"title,omitempty" doc:"Name for people to read."`
	Description string   `json:"description,omitempty" doc:"What the resource holds."`
	MIMEType    string   `json:"mime_type,omitempty" doc:"Media type."`
}

// Icon is a picture that clients show beside a name.
type Icon struct {
	_ struct{} `doc:"A picture that clients show beside the name (MCP since 2025-11-25). Several serve several sizes and themes."`

	Src      string   `json:"src" required:"true" doc:"URL of the picture: https, or a data: URL, such as \"data:image/png;base64,${filebase64(\"icon.png\")}\"."`
	MIMEType string   `json:"mime_type,omitempty" doc:"Media type, such as \"image/png\"."`
	Sizes    []string `json:"sizes,omitempty" doc:"Sizes that it is for, such as \"48x48\", or \"any\"."`
	Theme    string   `json:"theme,omitempty" enum:"light,dark" doc:"The theme that it is for. Default: any."`
}
