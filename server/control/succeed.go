package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// Succeed asks the server at a socket to hand over to this process, and returns
// the connection on which it does; see [Handler].
func Succeed(socketPath string) (*net.UnixConn, error) {
	c, err := Dial(socketPath)
	if err != nil {
		return nil, err
	}
	conn, ok := c.conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("it is not a Unix socket"), c.Close())
	}
	if err := askForHandOver(conn); err != nil {
		c.Close()
		return nil, fmt.Errorf("control socket %s: %s: %w", socketPath, opHandOver, err)
	}
	return conn, nil
}

// askForHandOver reads no more than the answer: what follows comes with
// descriptors, which a read ahead would lose.
func askForHandOver(conn *net.UnixConn) error {
	_ = conn.SetDeadline(time.Now().Add(dialTimeout))
	out, err := json.Marshal(request{Op: opHandOver})
	if err == nil {
		_, err = conn.Write(append(out, '\n'))
	}
	var line []byte
	for one := make([]byte, 1); err == nil && (len(line) == 0 || line[len(line)-1] != '\n') && len(line) < maxRequest; {
		if _, err = conn.Read(one); err == nil {
			line = append(line, one[0])
		}
	}
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}
