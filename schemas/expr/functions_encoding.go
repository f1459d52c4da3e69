package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

var base64EncodeFunc = textMap(func(s string) (string, error) {
	return base64.StdEncoding.EncodeToString([]byte(s)), nil
})

var base64DecodeFunc = textMap(func(s string) (string, error) {
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", errors.New("it is not base64")
	}
	if !utf8.Valid(out) {
		return "", errors.New("what it encodes is not UTF-8 text")
	}
	return string(out), nil
})

var urlEncodeFunc = textMap(func(s string) (string, error) { return url.QueryEscape(s), nil })

var md5Func = textMap(func(s string) (string, error) {
	d := md5.Sum([]byte(s))
	return hex.EncodeToString(d[:]), nil
})

var sha1Func = textMap(func(s string) (string, error) {
	d := sha1.Sum([]byte(s))
	return hex.EncodeToString(d[:]), nil
})

var sha256Func = textMap(func(s string) (string, error) {
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:]), nil
})

var sha512Func = textMap(func(s string) (string, error) {
	d := sha512.Sum512([]byte(s))
	return hex.EncodeToString(d[:]), nil
})

var base64SHA256Func = textMap(func(s string) (string, error) {
	d := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(d[:]), nil
})

// uuidV5Func makes a UUID of version 5 (RFC 9562, section 5.5).
var uuidV5Func = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "namespace", Type: cty.String},
		{Name: "name", Type: cty.String},
	},
	Type:         function.StaticReturnType(cty.String),
	RefineResult: notNull,
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		space, err := uuidNamespace(args[0].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return cty.StringVal(uuid.NewSHA1(space, []byte(args[1].AsString())).String()), nil
	},
})

func uuidNamespace(name string) (uuid.UUID, error) {
	switch name {
	case "dns":
		return uuid.NameSpaceDNS, nil
	case "url":
		return uuid.NameSpaceURL, nil
	case "oid":
		return uuid.NameSpaceOID, nil
	case "x500":
		return uuid.NameSpaceX500, nil
	}
	id, err := uuid.Parse(name)
	if err != nil {
		return uuid.UUID{}, fmt.Errorf("it must be dns, url, oid, x500 or a UUID, not %q", name)
	}
	return id, nil
}
