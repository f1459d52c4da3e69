package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Kinds of records.
const (
	Begin   = "begin"   // the first of each file
	Resume  = "resume"  // the log was opened again
	Call    = "call"    // something was done
	Refusal = "refusal" // something was asked for, and not done
	Lost    = "lost"    // records could not be written
	Sign    = "sign"    // a signature over all before
	End     = "end"     // the log was closed; signed too
)

// Outcomes of calls.
const (
	OK        = "ok"
	Failed    = "error"
	Cancelled = "cancelled"
)

// Record is one line of a file. Fields that do not belong to its kind are empty.
type Record struct {
	Seq   uint64    `json:"seq"` // from 1, without a gap, through all files of a chain
	Chain string    `json:"chain"`
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`

	// Of calls and refusals. Digests are SHA-256 in hexadecimal.
	Who     string          `json:"who,omitempty"`
	Method  string          `json:"method,omitempty"`
	Name    string          `json:"name,omitempty"` // of the tool, resource or prompt
	Input   string          `json:"input,omitempty"`
	Output  string          `json:"output,omitempty"`
	Outcome string          `json:"outcome,omitempty"` // of a refusal: its reason
	Code    int             `json:"code,omitempty"`
	Took    int64           `json:"took_us,omitempty"` // microseconds
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`

	Source string `json:"source,omitempty"`        // begin: what the receipts are of
	File   int    `json:"file,omitempty"`          // begin: number of the file in its chain, from 1
	Key    string `json:"key,omitempty"`           // begin: the public key, in base64
	Every  int64  `json:"sign_every_ms,omitempty"` // begin: milliseconds between signatures
	After  string `json:"after,omitempty"`         // begin: the chain that went before in the same folder
	Count  uint64 `json:"count,omitempty"`         // refusal: how many alike, when several; lost: records; resume: bytes of a cut line

	Prev string `json:"prev"`           // hash of the record before
	Sig  string `json:"sig,omitempty"`  // sign, end: signature of the line up to here
	Hash string `json:"hash,omitempty"` // of the line up to here
}

const (
	hashPart = len(`,"hash":"`) + 2*sha256.Size + len(`"}`)
	sigPart  = len(`,"sig":"`) + 88 + len(`"`)
	// purpose is signed along, so that a signature is good for nothing else.
	purpose = "erlmcp receipt 1\n"
	maxName = 512 // bytes of a text in a record
)

// appendTo appends the line of a record, with its newline, and returns its hash.
// Kinds that are signed are signed with the key.
func (r *Record) appendTo(dst []byte, key ed25519.PrivateKey) ([]byte, string) {
	start := len(dst)
	dst = strconv.AppendUint(append(dst, `{"seq":`...), r.Seq, 10)
	dst = appendText(dst, "chain", r.Chain)
	dst = append(r.At.UTC().AppendFormat(append(dst, `,"at":"`...), time.RFC3339Nano), '"')
	dst = appendText(dst, "kind", r.Kind)
	dst = appendText(dst, "who", r.Who)
	dst = appendText(dst, "method", r.Method)
	dst = appendText(dst, "name", r.Name)
	dst = appendText(dst, "input", r.Input)
	dst = appendText(dst, "output", r.Output)
	dst = appendText(dst, "outcome", r.Outcome)
	dst = appendNumber(dst, "code", int64(r.Code))
	dst = appendNumber(dst, "took_us", r.Took)
	dst = appendRaw(dst, "request", r.Request)
	dst = appendRaw(dst, "answer", r.Answer)
	dst = appendText(dst, "source", r.Source)
	dst = appendNumber(dst, "file", int64(r.File))
	dst = appendText(dst, "key", r.Key)
	dst = appendNumber(dst, "sign_every_ms", r.Every)
	dst = appendText(dst, "after", r.After)
	dst = appendNumber(dst, "count", int64(r.Count))
	dst = appendText(dst, "prev", r.Prev)
	if r.Kind == Sign || r.Kind == End {
		sig := ed25519.Sign(key, signed(dst[start:]))
		dst = base64.StdEncoding.AppendEncode(append(dst, `,"sig":"`...), sig)
		dst = append(dst, '"')
	}
	sum := sha256.Sum256(dst[start:])
	hash := hex.EncodeToString(sum[:])
	dst = append(append(dst, `,"hash":"`...), hash...)
	return append(dst, "\"}\n"...), hash
}

func signed(line []byte) []byte { return append([]byte(purpose), line...) }

func appendText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(dst, ',', '"'), name...), `":`...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(strings.ToValidUTF8(value, "\ufffd")) // a text always encodes
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), value...), '"')
}

func appendNumber(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	dst = append(append(append(dst, ',', '"'), name...), `":`...)
	return strconv.AppendInt(dst, value, 10)
}

// appendRaw appends JSON as it is, but without line breaks, which it can only
// have between its parts.
func appendRaw(dst []byte, name string, value json.RawMessage) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(append(append(dst, ',', '"'), name...), `":`...)
	start := len(dst)
	dst = append(dst, value...)
	for i := start; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return dst
}

var errChanged = errors.New("it was changed: its hash does not fit what it says")

// parse reads a line without its newline, and checks its hash.
func parse(line []byte) (*Record, error) {
	at := len(line) - hashPart
	if at < 2 || !bytes.HasPrefix(line[at:], []byte(`,"hash":"`)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return nil, errors.New("it is not a record")
	}
	sum := sha256.Sum256(line[:at])
	if string(line[len(line)-2-2*sha256.Size:len(line)-2]) != hex.EncodeToString(sum[:]) {
		return nil, errChanged
	}
	var r Record
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("it is not a record: %w", err)
	}
	return &r, nil
}

// isSigned checks the signature of a line that parse has read.
func isSigned(line []byte, key ed25519.PublicKey) bool {
	at := len(line) - hashPart - sigPart
	if at < 2 || !bytes.HasPrefix(line[at:], []byte(`,"sig":"`)) {
		return false
	}
	start := at + len(`,"sig":"`)
	sig, err := base64.StdEncoding.Strict().DecodeString(string(line[start : start+88]))
	return err == nil && ed25519.Verify(key, signed(line[:at]), sig)
}
