package schemas

// Tracing sends traces to an OpenTelemetry collector.
type Tracing struct {
	_ struct{} `doc:"Traces, sent to an OpenTelemetry collector over OTLP: a span for each request, with method, tool, outcome and identity, and one for each request that an http tool makes. The context of a trace is taken from the request (W3C Trace Context, in the traceparent header or in _meta) and handed on to web services and upstreams. Calls never wait for the collector: spans that find the queue full are dropped."`

	Enabled     *bool             `json:"enabled,omitempty" default:"true" doc:"Whether traces are made."`
	Endpoint    string            `json:"endpoint,omitempty" doc:"URL of the collector. Default: http://localhost:4317 for grpc, http://localhost:4318 for http."`
	Protocol    string            `json:"protocol,omitempty" default:"grpc" enum:"grpc,http" doc:"How OTLP travels: over gRPC, or as protobuf over HTTP, where /v1/traces is added to the endpoint."`
	SampleRatio *float64          `json:"sample_ratio,omitempty" default:"1" min:"0" max:"1" doc:"Share of the traces that begin here which are kept. One that began elsewhere is kept when it says so."`
	Headers     map[string]string `json:"headers,omitempty" sensitive:"true" doc:"Headers that go with each export, such as the key of a hosted collector."`
	CA          string            `json:"ca,omitempty" doc:"Certificates in PEM of the authorities that sign the collector's certificate. Default: those of the system."`
	Resource    map[string]string `json:"resource,omitempty" doc:"Attributes of the server in every trace, beside service.name and service.version, such as deployment.environment.name."`
	Timeout     Duration          `json:"timeout,omitempty" default:"10s" doc:"Longest time for one export, attempts included."`
}

// MetricsOTLP sends metrics to an OpenTelemetry collector.
type MetricsOTLP struct {
	_ struct{} `doc:"Sends the metrics to an OpenTelemetry collector over OTLP, at intervals."`

	Endpoint string            `json:"endpoint,omitempty" doc:"URL of the collector. Default: http://localhost:4317 for grpc, http://localhost:4318 for http."`
	Protocol string            `json:"protocol,omitempty" default:"grpc" enum:"grpc,http" doc:"How OTLP travels: over gRPC, or as protobuf over HTTP, where /v1/metrics is added to the endpoint."`
	Headers  map[string]string `json:"headers,omitempty" sensitive:"true" doc:"Headers that go with each export, such as the key of a hosted collector."`
	CA       string            `json:"ca,omitempty" doc:"Certificates in PEM of the authorities that sign the collector's certificate. Default: those of the system."`
	Resource map[string]string `json:"resource,omitempty" doc:"Attributes of the server with every metric, beside service.name and service.version."`
	Timeout  Duration          `json:"timeout,omitempty" default:"10s" doc:"Longest time for one export, attempts included."`
	Interval Duration          `json:"interval,omitempty" default:"1m" doc:"Time from one export to the next; at least 1s."`
}

// LogFile writes log lines to a file.
type LogFile struct {
	_ struct{} `doc:"Writes log lines to a file, mode 0600. A file that is full or old is moved to PATH.1, what was there to PATH.2, and so on. erlmcp server reopen-logs (or the signal USR1) opens the path anew, for logrotate."`

	Path    string   `json:"path" required:"true" doc:"Absolute path on the target; the folder must be there."`
	Level   string   `json:"level,omitempty" enum:"trace,debug,info,warn,error" doc:"Least level that is written. Default: that of log."`
	Format  string   `json:"format,omitempty" default:"text" enum:"text,json" doc:"Form of a line."`
	MaxSize Size     `json:"max_size,omitempty" default:"64MB" doc:"Size at which a new file is begun."`
	MaxAge  Duration `json:"max_age,omitempty" doc:"Age at which a new file is begun, such as \"24h\". Default: any age."`
	Keep    *int     `json:"keep,omitempty" default:"5" min:"0" max:"1000" unit:"files" doc:"How many older files stay."`
}

// LogSyslog sends log lines to a syslog daemon.
type LogSyslog struct {
	_ struct{} `doc:"Sends log lines to a syslog daemon: a local one, or one over the network in the form of RFC 5424."`

	Address  string `json:"address,omitempty" default:"unix:///dev/log" doc:"unix://PATH, udp://HOST:PORT or tcp://HOST:PORT."`
	Level    string `json:"level,omitempty" enum:"trace,debug,info,warn,error" doc:"Least level that is sent. Default: that of log."`
	Facility string `json:"facility,omitempty" default:"daemon" enum:"kern,user,mail,daemon,auth,syslog,lpr,news,uucp,cron,authpriv,ftp,local0,local1,local2,local3,local4,local5,local6,local7" doc:"Facility that daemons sort by."`
	Tag      string `json:"tag,omitempty" doc:"Name of the program that daemons sort by. Default: the server's name."`
}

// LogJournald sends log lines to journald.
type LogJournald struct {
	_ struct{} `doc:"Sends log lines to systemd's journal, each with its priority."`

	Level string `json:"level,omitempty" enum:"trace,debug,info,warn,error" doc:"Least level that is sent. Default: that of log."`
	Tag   string `json:"tag,omitempty" doc:"Identifier that journalctl -t finds. Default: the server's name."`
}

// Elasticsearch sends log lines to Elasticsearch.
type Elasticsearch struct {
	_ struct{} `doc:"Sends log lines as JSON to the bulk API of Elasticsearch or OpenSearch, many at once. While it does not answer they wait, with growing pauses between attempts, and calls do not; when the buffer is full, lines are dropped, and how many is logged."`

	URL     string            `json:"url" required:"true" doc:"URL of the cluster."`
	Index   string            `json:"index,omitempty" default:"logs-erlmcp-default" doc:"Index or data stream."`
	Level   string            `json:"level,omitempty" enum:"trace,debug,info,warn,error" doc:"Least level that is sent. Default: that of log."`
	Headers map[string]string `json:"headers,omitempty" sensitive:"true" doc:"Headers of each request, such as Authorization = \"ApiKey …\"."`
	CA      string            `json:"ca,omitempty" doc:"Certificates in PEM of the authorities that sign the cluster's certificate. Default: those of the system."`
	Flush   Duration          `json:"flush,omitempty" default:"1s" doc:"How long a line waits for others to be sent with it."`
	Buffer  Size              `json:"buffer,omitempty" default:"4MB" doc:"Most that waits."`
	Timeout Duration          `json:"timeout,omitempty" default:"10s" doc:"Longest time for one request."`
}
