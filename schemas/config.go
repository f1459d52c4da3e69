package schemas

// Settings is the erlmcp block.
type Settings struct {
	_ struct{} `doc:"Settings of the configuration itself."`

	RequiredVersion string `json:"required_version,omitempty" doc:"Versions of erlmcp that this configuration works with, such as \">= 0.1, < 2\"."`
}

// Variable is an input of the configuration.
type Variable struct {
	_ struct{} `doc:"An input of the configuration, used as var.NAME. Set by -var, -var-file, *.auto.mcpvars files, or the environment variable ERLMCP_VAR_NAME."`

	Type        Expression    `json:"type,omitempty" doc:"Type constraint, such as string, list(string) or object({…}). Default: any."`
	Default     Expression    `json:"default,omitempty" doc:"Value when none is given. Without it the variable must be set."`
	Description string        `json:"description,omitempty" doc:"What the variable means."`
	Sensitive   bool          `json:"sensitive,omitempty" doc:"Whether the value is kept out of everything that is printed or stored."`
	Nullable    *bool         `json:"nullable,omitempty" default:"true" doc:"Whether the value may be null."`
	Validation  []*Validation `json:"validation,omitempty"`
}

// Validation is a rule that a variable's value must hold to.
type Validation struct {
	_ struct{} `doc:"A rule that the value must hold to."`

	Condition    Expression `json:"condition" required:"true" doc:"An expression over the variable that must be true."`
	ErrorMessage Expression `json:"error_message" required:"true" doc:"What to say when it is not; a sentence."`
}

// Output is a value that the configuration gives back.
type Output struct {
	_ struct{} `doc:"A value that apply prints and erlmcp output reads."`

	Value       Expression `json:"value" required:"true" doc:"The value."`
	Description string     `json:"description,omitempty" doc:"What the value is."`
	Sensitive   bool       `json:"sensitive,omitempty" doc:"Whether the value is kept out of everything that is printed or stored. Must be true when a sensitive value goes into it."`
}
