package jsonschema

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// decimal is a number as it is written: 0.digits times ten to the power of exponent.
// A float64 is the shortest text that stands for it, which is what was sent.
type decimal struct {
	negative bool
	digits   string // no zeros at either end; "" is zero
	exponent int
}

// farthest bounds exponents: beyond it, only the sign of one matters.
const farthest = 1_000_000_000

// decimalOf is a number as a decimal; what is not a number is zero.
func decimalOf(v any) decimal {
	switch v := v.(type) {
	case float64:
		return parseDecimal(strconv.FormatFloat(v, 'e', -1, 64))
	case json.Number:
		return parseDecimal(string(v))
	}
	return decimal{}
}

// parseDecimal reads a number of JSON.
func parseDecimal(s string) decimal {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exponent, err := strconv.Atoi(s[i+1:])
		if err != nil && strings.HasPrefix(s[i+1:], "-") {
			exponent = -farthest
		} else if err != nil {
			exponent = farthest
		}
		s, d.exponent = s[:i], min(max(exponent, -farthest), farthest)
	}
	whole, fraction, _ := strings.Cut(s, ".")
	d.exponent += len(whole)
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exponent -= len(whole) + len(fraction) - len(digits)
	d.digits = strings.TrimRight(digits, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

func (d decimal) isInteger() bool { return d.exponent >= len(d.digits) || d.digits == "" }

// sign is -1, 0 or 1.
func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compare(e decimal) int {
	sign := d.sign()
	if c := cmp.Compare(sign, e.sign()); c != 0 || sign == 0 {
		return c
	}
	if c := cmp.Compare(d.exponent, e.exponent); c != 0 {
		return c * sign
	}
	return cmp.Compare(d.digits, e.digits) * sign
}

// append writes the one text of the number.
func (d decimal) append(dst []byte) []byte {
	switch {
	case d.digits == "":
		return append(dst, '0')
	case d.isInteger() && d.exponent <= 20:
		if d.negative {
			dst = append(dst, '-')
		}
		return append(append(dst, d.digits...), strings.Repeat("0", d.exponent-len(d.digits))...)
	}
	if d.negative {
		dst = append(dst, '-')
	}
	return strconv.AppendInt(append(append(append(dst, "0."...), d.digits...), 'e'), int64(d.exponent), 10)
}

// isMultiple reports whether d is a whole number of times e, exactly.
func (d decimal) isMultiple(e decimal) bool {
	if d.digits == "" {
		return true
	}
	a, okA := new(big.Int).SetString(d.digits, 10)
	b, okB := new(big.Int).SetString(e.digits, 10)
	if !okA || !okB {
		return false
	}
	ten := big.NewInt(10)
	shift := (d.exponent - len(d.digits)) - (e.exponent - len(e.digits))
	if shift >= 0 { // a · 10^shift, of which only the remainder is made
		a.Mul(a, new(big.Int).Exp(ten, big.NewInt(int64(shift)), b))
		return a.Mod(a, b).Sign() == 0
	}
	if -shift > len(d.digits) {
		return false // b · 10^-shift is larger than a
	}
	b.Mul(b, new(big.Int).Exp(ten, big.NewInt(int64(-shift)), nil))
	return a.Mod(a, b).Sign() == 0
}

// bound is a number of a schema.
type bound struct {
	decimal
	written string
	float   float64
	exact   bool // float says the same as the decimal
}

func newBound(n json.Number) *bound {
	f, err := strconv.ParseFloat(string(n), 64)
	b := &bound{decimal: decimalOf(n), written: clip(string(n), longestPart), float: f}
	b.exact = err == nil && decimalOf(f) == b.decimal
	return b
}

func (b *bound) String() string { return b.written }

// compared is how a number stands to the bound: -1 below it, 1 above.
func (b *bound) compared(v any) int {
	if f, ok := v.(float64); ok && b.exact {
		return cmp.Compare(f, b.float) // two floats are in the order of their texts
	}
	return decimalOf(v).compare(b.decimal)
}

// divides reports whether a number is a multiple of the bound.
func (b *bound) divides(v any) bool {
	const whole = 1 << 53 // up to which a float64 is exact
	if f, ok := v.(float64); ok && b.exact && b.isInteger() && math.Abs(f) <= whole && b.float <= whole {
		return math.Mod(f, b.float) == 0
	}
	return decimalOf(v).isMultiple(b.decimal)
}
