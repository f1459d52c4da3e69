package sink

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/hashicorp/go-hclog"
)

// JournalSocket is where journald listens.
const JournalSocket = "/run/systemd/journal/socket"

// maxJournal is the longest text that is sent to journald in a datagram, in bytes.
const maxJournal = 64 << 10

// ToJournal returns a sink that sends lines to journald by its native protocol
// (systemd.io/JOURNAL_NATIVE_PROTOCOL), at the path of its socket.
func ToJournal(level hclog.Level, path, tag string) *Sink {
	return toDaemon(level, &daemon{network: "unixgram", address: path, frame: func(severity int, text []byte) []byte {
		text = cut(text, maxJournal)
		var b bytes.Buffer
		b.WriteString("PRIORITY=" + strconv.Itoa(severity) + "\nSYSLOG_IDENTIFIER=" + tag + "\n")
		b.WriteString("MESSAGE\n") // with its length, as it may have several lines
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
		b.Write(text)
		b.WriteByte('\n')
		return b.Bytes()
	}})
}
