package schemas

// TLS turns TLS on for every listener of the front door.
type TLS struct {
	_ struct{} `doc:"Turns on TLS 1.3, and client certificates when asked for. The certificate is given as PEM text, which travels with the server, as files that exist on the target and are read again when they change, by an authority that speaks ACME, or is made up for development."`

	Certificate     string          `json:"certificate,omitempty" exactlyone:"certificate" doc:"Certificate chain in PEM, leaf first; usually file(\"server.pem\")."`
	CertificateFile string          `json:"certificate_file,omitempty" exactlyone:"certificate" doc:"Path on the target of the certificate chain in PEM. It is read again when it changes; one that does not hold up is not taken."`
	ACME            *ACME           `json:"acme,omitempty" exactlyone:"certificate"`
	Development     *DevelopmentTLS `json:"development,omitempty" exactlyone:"certificate"`
	Key             string          `json:"key,omitempty" atmostone:"key" sensitive:"true" doc:"Private key in PEM; usually file(\"server.key\")."`
	KeyFile         string          `json:"key_file,omitempty" atmostone:"key" doc:"Path on the target of the private key in PEM, which nobody but its owner may read. It is read again when it changes."`
	ClientCA        string          `json:"client_ca,omitempty" atmostone:"client_ca" doc:"Certificates in PEM of the authorities that sign client certificates."`
	ClientCAFile    string          `json:"client_ca_file,omitempty" atmostone:"client_ca" doc:"Path on the target of the authorities that sign client certificates. It is read again when it changes."`
	ClientAuth      string          `json:"client_auth,omitempty" enum:"none,optional,require" doc:"Whether clients show a certificate. Default: \"require\" when a client CA is given, else \"none\"."`
	MinVersion      string          `json:"min_version,omitempty" default:"1.3" enum:"1.2,1.3" doc:"Oldest TLS version that is accepted."`
}

// ACME has an authority issue the certificate (RFC 8555).
type ACME struct {
	_ struct{} `doc:"Has an authority that speaks ACME (RFC 8555), such as Let's Encrypt, issue the certificate, and renews it in time. To ask for one is to agree to the terms of that authority. Until there is a certificate, TLS connections fail and health says so."`

	Domains         []string `json:"domains" required:"true" doc:"Host names that the certificate is for; the authority must reach this server by each of them."`
	Email           string   `json:"email,omitempty" doc:"Where the authority sends warnings."`
	Directory       string   `json:"directory,omitempty" default:"https://acme-v02.api.letsencrypt.org/directory" doc:"URL of the authority's directory."`
	DirectoryCAFile string   `json:"directory_ca_file,omitempty" doc:"Path on the target of certificates in PEM that vouch for the directory's own host, for an authority inside of a company. Default: those of the system."`
	Storage         string   `json:"storage" required:"true" doc:"Folder on the target for account, keys and certificates, an absolute path; made when it is not there, readable by the server alone. Servers that share it share their certificates."`
	Challenge       string   `json:"challenge,omitempty" default:"tls-alpn-01" enum:"tls-alpn-01,http-01" doc:"How the server shows that a name is its own: tls-alpn-01 on its own port, which the authority reaches as 443, or http-01 on http_port, which it reaches as 80."`
	HTTPPort        int      `json:"http_port,omitempty" default:"80" min:"1" max:"65535" doc:"TCP port for http-01; opened only while the authority asks."`
}

// DevelopmentTLS makes up a certificate.
type DevelopmentTLS struct {
	_ struct{} `doc:"Makes up a certificate at each start, which nobody vouches for. For development: clients must be told not to check it, or take it by its SHA-256, which the log has."`

	Names []string `json:"names,omitempty" doc:"Host names and IP addresses that it is for. Default: localhost and the loopback addresses."`
}
