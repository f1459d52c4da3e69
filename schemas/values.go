package schemas

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span, written "500ms", "30s", "2m" or "1h30m".
type Duration time.Duration

// ParseDuration reads a time span that is not negative.
func ParseDuration(s string) (Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration; write a number with a unit, such as \"500ms\", \"30s\" or \"2m\"", s)
	}
	return Duration(d), nil
}

// MarshalText writes the form that ParseDuration reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDuration(string(b))
	return err
}

// Size is a number of bytes, written "64KB", "10MB" or "1GB"; units are powers
// of 1024.
type Size int64

var sizeUnits = []struct {
	suffix string
	bytes  float64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}}

// ParseSize reads a number of bytes. As with a time span, only 0 needs no unit.
func ParseSize(s string) (Size, error) {
	if strings.TrimSpace(s) == "0" {
		return 0, nil
	}
	text := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(s), " ", ""))
	text = strings.Replace(text, "IB", "B", 1) // MiB means what MB means here
	for _, u := range sizeUnits {
		if number, ok := strings.CutSuffix(text, u.suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || n < 0 || n*u.bytes > math.MaxInt64/2 {
				break
			}
			return Size(n * u.bytes), nil
		}
	}
	return 0, fmt.Errorf("%q is not a size; write a number with a unit, such as \"64KB\", \"10MB\" or \"1GB\"", s)
}

// String is the size with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if n := int64(u.bytes); n > 0 && s != 0 && int64(s)%n == 0 {
			return strconv.FormatInt(int64(s)/n, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText writes the form that ParseSize reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSize reads.
func (s *Size) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSize(string(b))
	return err
}

// Template is the source of an HCL template that the runtime evaluates for each
// request: text with ${…}, in which only `input` is defined. Everything known at
// plan time has been put in already. A literal "${" is written "$${".
type Template string
