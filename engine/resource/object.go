package resource

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Object is what may be stored and shown of a resource: its values with every
// secret taken out, and a keyed digest of each secret in its place, enough to
// see that it changed.
type Object struct {
	Values  cty.Value // no marks; null where a secret was
	Secrets []Secret  // ordered by FormatPath of their paths
}

// Secret stands for a value that was taken out.
type Secret struct {
	Path   cty.Path
	Digest string // HMAC-SHA256 with the state's key, in hex; "" while the value is unknown
}

// Redact takes the marked values out of v, and those at the paths also, whether
// they are marked or not: what was a secret when it was set stays one when it is
// read back.
func Redact(v cty.Value, key []byte, also ...cty.Path) (Object, error) {
	if v == cty.NilVal {
		return Object{}, nil
	}
	plain, marks := v.UnmarkDeepWithPaths()
	if len(marks) == 0 && len(also) == 0 {
		return Object{Values: plain}, nil
	}
	secret := cty.NewPathSet(also...)
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
	slices.SortFunc(out.Secrets, func(a, b Secret) int {
		return strings.Compare(FormatPath(a.Path), FormatPath(b.Path))
	})
	return out, nil
}

// SecretPaths are the places where secrets were taken out.
func (o Object) SecretPaths() []cty.Path {
	out := make([]cty.Path, len(o.Secrets))
	for i, s := range o.Secrets {
		out[i] = s.Path
	}
	return out
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
