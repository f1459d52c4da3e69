package schemas

// HostTarget is a machine: this one.
type HostTarget struct {
	_ struct{} `doc:"This machine. Each server gets a folder of releases, of which current is the one that runs, and a supervised process." ports:"shared"`

	Root string `json:"root,omitempty" kind:"path" replace:"true" doc:"Folder for the servers. Default: /var/lib/erlmcp for root, else ~/.local/share/erlmcp."`
}

// DockerTarget is a Docker engine.
type DockerTarget struct {
	_ struct{} `doc:"A Docker engine. Each server is a container: read-only, without capabilities, with limits, as a user that is not root." ports:"shared"`

	Host    string `json:"host,omitempty" replace:"true" doc:"Address of the engine, such as \"unix:///var/run/docker.sock\" or \"tcp://10.0.0.5:2376\". Default: DOCKER_HOST, else the local engine."`
	Network string `json:"network,omitempty" doc:"An existing network to join. Default: one of this target's own, named after it."`
	Arch    string `json:"arch,omitempty" default:"amd64" enum:"amd64,arm64" doc:"Processor architecture of the engine."`
	Prefix  string `json:"prefix,omitempty" default:"erlmcp" doc:"What the names of containers, networks and volumes begin with."`
}

// SimTarget is a simulated target.
type SimTarget struct {
	_ struct{} `doc:"A simulated target, for trying out configurations and for tests: nothing runs."`

	File    string   `json:"file,omitempty" kind:"path" replace:"true" doc:"File that holds the simulated world. Default: in memory, gone when the command ends."`
	Latency Duration `json:"latency,omitempty" doc:"How long each operation takes."`
}
