package heir

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	maxRecord = 64 << 20 // bytes
	maxFiles  = 64       // of one record
	head      = 4        // bytes: the length of the JSON that follows
)

// sendTimeout is how long the other side may take to read a record.
const sendTimeout = 10 * time.Second

// Wire carries records both ways. Send may be called from many goroutines; one
// receives.
type Wire struct {
	conn *net.UnixConn
	mu   sync.Mutex // held while sending
}

// NewWire takes over a connection of which nothing is left unread.
func NewWire(conn *net.UnixConn) *Wire { return &Wire{conn: conn} }

// Close ends the wire for both sides.
func (w *Wire) Close() error { return w.conn.Close() }

// Deadline bounds the wait for records; the zero time is no bound.
func (w *Wire) Deadline(t time.Time) { w.conn.SetReadDeadline(t) }

// Send sends a record, and lets the other side have the sockets too. They stay
// open here.
func (w *Wire) Send(record any, sockets ...syscall.Conn) error {
	body, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("send a record: %w", err)
	}
	if len(body) > maxRecord || len(sockets) > maxFiles {
		return errors.New("send a record: it is too large")
	}
	message := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	err = holding(sockets, nil, func(descriptors []int) error {
		n, _, err := w.conn.WriteMsgUnix(message[:head], rights(descriptors), nil)
		if err == nil {
			_, err = w.conn.Write(message[n:])
		}
		return err
	})
	if err != nil {
		if !errors.Is(err, syscall.EPIPE) { // what the other side said before it closed can still be read
			w.conn.Close() // a record that is cut leaves nothing to go on with
		}
		return fmt.Errorf("send a record: %w", err)
	}
	return nil
}

// holding calls use with the descriptors of the sockets, none of which is closed
// meanwhile.
func holding(sockets []syscall.Conn, descriptors []int, use func([]int) error) error {
	if len(sockets) == 0 {
		return use(descriptors)
	}
	raw, err := sockets[0].SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) { err = holding(sockets[1:], append(descriptors, int(fd)), use) })
	return errors.Join(failed, err)
}

// Receive waits for the next record and returns the descriptors that came with
// it, which the caller closes. [io.EOF] is the end of the wire.
func (w *Wire) Receive(into any) ([]*os.File, error) {
	length, files, err := w.receiveHead()
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	if _, err = io.ReadFull(w.conn, body); err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		closeAll(files)
		return nil, fmt.Errorf("receive a record: %w", err)
	}
	return files, nil
}

func (w *Wire) receiveHead() (length uint32, files []*os.File, err error) {
	var start [head]byte
	control := make([]byte, controlSize)
	for have := 0; have < head; {
		n, controls, _, _, err := w.conn.ReadMsgUnix(start[have:], control)
		if err == nil && n == 0 {
			err = io.EOF
		}
		if err != nil {
			closeAll(files)
			return 0, nil, err
		}
		have += n
		files = append(files, opened(control[:controls])...)
	}
	length = binary.BigEndian.Uint32(start[:])
	if length > maxRecord {
		closeAll(files)
		return 0, nil, errors.New("receive a record: it is too large")
	}
	return length, files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
