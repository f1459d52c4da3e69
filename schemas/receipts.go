package schemas

// Receipts keeps a record of calls and refusals that cannot be altered unseen.
type Receipts struct {
	_ struct{} `doc:"Keeps a record of each call and each refusal: who, what, when, how it ended, and digests of the request and the answer. The records form a hash chain that is signed at intervals; erlmcp receipts verify finds what was changed, removed or reordered."`

	Folder    string   `json:"folder" required:"true" doc:"Folder on the target for the files, an absolute path; made when it is not there. Each server needs its own."`
	KeyFile   string   `json:"key_file,omitempty" doc:"Path on the target of the Ed25519 key that signs, in PEM (PKCS #8). Made on first use. Default: receipts.key in the folder."`
	SignEvery Duration `json:"sign_every,omitempty" default:"10s" doc:"How often new records are signed and forced to the disk. What was written after the last signature can be altered by who can write the file."`
	FileSize  Size     `json:"file_size,omitempty" default:"64MB" doc:"Size at which a new file is begun."`
	Keep      int      `json:"keep,omitempty" default:"0" min:"0" unit:"files" doc:"How many files are kept; older ones are removed. 0 keeps all."`
	OnFailure string   `json:"on_failure,omitempty" default:"open" enum:"open,closed" doc:"What becomes of calls while receipts cannot be written, as on a full disk: open answers them, and records later how many have no receipt; closed refuses them with status 503. Health is bad in either case."`
	Contents  bool     `json:"contents,omitempty" doc:"Whether the requests and answers themselves are recorded, with every secret in them, instead of their digests alone."`
}
