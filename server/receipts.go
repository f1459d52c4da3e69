package server

import (
	"cmp"
	"net/http"
	"time"

	"github.com/erlmcp/erlmcp/receipt"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/transport"
)

// openReceipts opens the log of receipts; it is nil when they are off.
func (rt *Runtime) openReceipts(doc *schemas.Server) (err error) {
	r := doc.Receipts
	if r == nil {
		return nil
	}
	rt.receipts, err = receipt.Open(receipt.Options{
		Folder: r.Folder, KeyFile: r.KeyFile, Source: doc.Name, SignEvery: time.Duration(r.SignEvery),
		FileSize: int64(r.FileSize), Keep: r.Keep, Wait: r.OnFailure == "closed", Now: time.Now,
		Failed: func(err error) {
			if err != nil {
				rt.log.Error("receipts cannot be written", "error", err)
			} else {
				rt.log.Info("receipts are written again")
			}
		},
	})
	return err
}

// closeReceipts writes and signs what is left.
func (rt *Runtime) closeReceipts() error {
	if rt.receipts == nil {
		return nil
	}
	return rt.receipts.Close()
}

// turnedAway notes what was refused before a request could be made of it.
func (rt *Runtime) turnedAway(r transport.Refusal) {
	rt.metrics.Refused(r.Reason)
	if rt.receipts != nil {
		rt.receipts.Add(receipt.Entry{Kind: receipt.Refusal, Who: r.Client, Outcome: r.Reason, Code: r.Status})
	}
}

// recorded reports whether calls of a method have receipts.
func recorded(method string) bool {
	return method == protocol.ToolsCall || method == protocol.ResourcesRead || method == protocol.PromptsGet
}

// unrecorded refuses a call that could have no receipt, when the document says so.
func (c *call) unrecorded() *protocol.Error {
	if c.rt.receipts == nil || c.st.doc.Receipts.OnFailure != "closed" || !recorded(c.m.Method) || c.rt.receipts.Err() == nil {
		return nil
	}
	return c.turnDown("receipts", http.StatusServiceUnavailable, "Calls are refused while receipts cannot be written", time.Second)
}

// receipt records a call, or a request that was refused, with the answer that it
// is about to get.
func (c *call) receipt(err *protocol.Error) {
	if c.rt.receipts == nil {
		return
	}
	e := receipt.Entry{
		Kind: receipt.Call, Who: c.x.Client, Method: c.metricName(), Input: c.x.Data, Output: c.answer.Body,
		Contents: c.st.doc.Receipts.Contents, Took: time.Since(c.x.Begun), Outcome: c.outcome(err),
	}
	if err != nil {
		e.Code = err.Code
		if reason := cmp.Or(c.reason, refusals[err.Code]); reason != "" {
			e.Kind, e.Outcome = receipt.Refusal, reason
		}
	}
	if e.Kind == receipt.Call && !recorded(c.m.Method) {
		return
	}
	if recorded(c.m.Method) {
		member := "name"
		if c.m.Method == protocol.ResourcesRead {
			member = "uri"
		}
		e.Name, _ = c.m.Text(member)
	}
	c.rt.receipts.Add(e)
}

// refusals are the codes of errors that say that nothing was done.
var refusals = map[int]string{protocol.RateLimited: "rate_limit", protocol.Overloaded: "overloaded", protocol.Forbidden: "auth"}

func (c *call) outcome(err *protocol.Error) string {
	switch {
	case c.life.cause() == errCancelled:
		return receipt.Cancelled
	case err != nil || c.failed:
		return receipt.Failed
	}
	return receipt.OK
}
