package resource

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Object is what may be stored and shown of a resource: its values with every
// secret taken out, and a keyed digest of each secret in its place, enough to
// see that it changed.
type Object struct {
	Values  cty.Value // no marks; null where a secret was
	Secrets []Secret  // in the order of cty.Path traversal
}

// Secret stands for a value that was taken out.
type Secret struct {
	Path   cty.Path
	Digest string // HMAC-SHA256 with the state's key, in hex; "" while the value is unknown
}

// Redact takes the marked values out of v.
func Redact(v cty.Value, key []byte) (Object, error) {
	if v == cty.NilVal {
		return Object{}, nil
	}
	plain, marks := v.UnmarkDeepWithPaths()
	if len(marks) == 0 {
		return Object{Values: plain}, nil
	}
	secret := cty.NewPathSet()
	for _, m := range marks {
		secret.Add(m.Path)
	}
	var out Object
	var err error
	// Pre-order: a secret inside a secret is covered by the outer one.
	out.Values, err = cty.TransformWithTransformer(plain, &redactor{secret: secret, key: key, out: &out})
	if err != nil {
		return Object{}, fmt.Errorf("take secrets out: %w", err)
	}
	return out, nil
}

type redactor struct {
	secret cty.PathSet
	key    []byte
	out    *Object
}

func (r *redactor) Enter(p cty.Path, v cty.Value) (cty.Value, error) {
	if !r.secret.Has(p) {
		return v, nil
	}
	s := Secret{Path: p.Copy()}
	if v.IsWhollyKnown() {
		raw, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			return cty.NilVal, err
		}
		mac := hmac.New(sha256.New, r.key)
		mac.Write(raw)
		s.Digest = hex.EncodeToString(mac.Sum(nil))
	}
	r.out.Secrets = append(r.out.Secrets, s)
	return cty.NullVal(v.Type()), nil
}

func (r *redactor) Exit(_ cty.Path, v cty.Value) (cty.Value, error) { return v, nil }
