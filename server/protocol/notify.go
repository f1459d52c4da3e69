package protocol

import (
	"encoding/json"
	"strconv"
)

// AppendProgress appends a progress notification. A total of 0 or less is not
// known, and an empty message is left out.
func AppendProgress(dst []byte, token json.RawMessage, progress, total float64, message string) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`+Progress+`","params":{"progressToken":`...)
	dst = append(dst, token...)
	dst = appendNumber(append(dst, `,"progress":`...), progress)
	if total > 0 {
		dst = appendNumber(append(dst, `,"total":`...), total)
	}
	if message != "" {
		dst = AppendString(append(dst, `,"message":`...), message)
	}
	return append(dst, `}}`...)
}

func appendNumber(dst []byte, f float64) []byte {
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// AppendLog appends a log message for the client. data is JSON; logger may be
// empty.
func AppendLog(dst []byte, level Level, logger string, data json.RawMessage) []byte {
	dst = AppendString(append(dst, `{"jsonrpc":"2.0","method":"`+LogMessage+`","params":{"level":`...), level.String())
	if logger != "" {
		dst = AppendString(append(dst, `,"logger":`...), logger)
	}
	dst = append(append(dst, `,"data":`...), data...)
	return append(dst, `}}`...)
}

// AppendUpdated appends the notification that a resource has changed. On the
// stream of a subscription, named by its id, it says so in _meta; otherwise
// subscription is nil.
func AppendUpdated(dst []byte, uri string, subscription json.RawMessage) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`+ResourcesUpdated+`","params":{`...)
	if subscription != nil {
		dst = append(dst, `"_meta":{"`+MetaSubscriptionID+`":`...)
		dst = append(append(dst, subscription...), `},`...)
	}
	dst = AppendString(append(dst, `"uri":`...), uri)
	return append(dst, `}}`...)
}

// AppendRequest appends a request of the server to a client of the older era.
func AppendRequest(dst []byte, id string, r InputRequest) []byte {
	dst = AppendString(append(dst, `{"jsonrpc":"2.0","id":`...), id)
	dst = AppendString(append(dst, `,"method":`...), r.Method)
	if len(r.Params) > 0 {
		dst = append(append(dst, `,"params":`...), r.Params...)
	}
	return append(dst, '}')
}

// AppendCancel appends the notification that the server gives up on its own
// request.
func AppendCancel(dst []byte, id, reason string) []byte {
	dst = AppendString(append(dst, `{"jsonrpc":"2.0","method":"`+Cancelled+`","params":{"requestId":`...), id)
	dst = AppendString(append(dst, `,"reason":`...), reason)
	return append(dst, `}}`...)
}
