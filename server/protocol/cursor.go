package protocol

import (
	"encoding/base64"
	"strings"
)

// EncodeCursor makes an opaque cursor that means "what comes after last in the
// list of that method".
func EncodeCursor(method, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(method + "\n" + last))
}

// DecodeCursor is the inverse of [EncodeCursor]. A cursor of another list, or
// none of ours, is an error.
func DecodeCursor(method, cursor string) (last string, _ *Error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		if last, ok := strings.CutPrefix(string(raw), method+"\n"); ok {
			return last, nil
		}
	}
	return "", NewError(InvalidParams, "params.cursor is not one that this list gave out")
}
