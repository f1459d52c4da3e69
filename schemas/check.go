package schemas

// Check is a block of assertions on what was planned or applied.
type Check struct {
	_ struct{} `doc:"Assertions on what a plan comes to and what an apply left. One that does not hold is a warning and stops nothing; one on something that is not known yet waits for the apply."`

	Asserts []*Assert `json:"assert" required:"true"`
}

// Assert is one assertion.
type Assert struct {
	_ struct{} `doc:"One assertion."`

	Condition    Expression `json:"condition" required:"true" doc:"Must be true; it may mention variables, locals and servers."`
	ErrorMessage Expression `json:"error_message" required:"true" doc:"What is said otherwise."`
}
