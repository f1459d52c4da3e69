package schemas

// Socket is the settings of the front door's TCP sockets.
type Socket struct {
	_ struct{} `doc:"Settings of the TCP sockets of the front door. The defaults are good for nearly everybody."`

	Backlog     *int     `json:"backlog,omitempty" min:"1" max:"65535" unit:"connections" doc:"Connections that may wait to be accepted. Default: what the system allows (net.core.somaxconn), usually 4096."`
	NoDelay     *bool    `json:"no_delay,omitempty" default:"true" doc:"Whether small packets are sent at once (TCP_NODELAY)."`
	ReadBuffer  Size     `json:"read_buffer,omitempty" doc:"Receive buffer of the system for each connection (SO_RCVBUF). Default: the system sizes it as needed."`
	WriteBuffer Size     `json:"write_buffer,omitempty" doc:"Send buffer of the system for each connection (SO_SNDBUF). Default: the system sizes it as needed."`
	KeepAlive   Duration `json:"keep_alive,omitempty" default:"15s" doc:"After how much silence the system asks whether the other end of a connection is still there, and how often; after nine questions without an answer the connection is closed."`
}
