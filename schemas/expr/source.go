package expr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// literalSource writes a value, known and without marks, as an expression that
// has this value and type. The element types of empty collections are lost.
func literalSource(v cty.Value) (string, error) {
	t := v.Type()
	switch {
	case v.IsNull():
		return nullSource(t), nil
	case t == cty.String:
		return quotedSource(v.AsString())
	case t == cty.Bool:
		return fmt.Sprint(v.True()), nil
	case t == cty.Number:
		if n := v.AsBigFloat(); !n.IsInf() {
			return n.Text('f', -1), nil
		}
		return "", errors.New("infinity cannot be written")
	case t.IsListType():
		return collectionSource("tolist([", v, "])")
	case t.IsSetType():
		return collectionSource("toset([", v, "])")
	case t.IsTupleType():
		return collectionSource("[", v, "]")
	case t.IsMapType():
		return collectionSource("tomap({", v, "})")
	case t.IsObjectType():
		return collectionSource("{", v, "}")
	}
	return "", fmt.Errorf("a value of type %s cannot be written", t.FriendlyName())
}

func nullSource(t cty.Type) string {
	switch t {
	case cty.String:
		return "tostring(null)"
	case cty.Number:
		return "tonumber(null)"
	case cty.Bool:
		return "tobool(null)"
	}
	return "null"
}

func collectionSource(open string, v cty.Value, end string) (string, error) {
	keyed := v.Type().IsMapType() || v.Type().IsObjectType()
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		part, err := literalSource(value)
		if err != nil {
			return "", err
		}
		if keyed {
			k, err := quotedSource(key.AsString())
			if err != nil {
				return "", err
			}
			part = k + " = " + part
		}
		parts = append(parts, part)
	}
	return open + strings.Join(parts, ", ") + end, nil
}

// quotedSource writes text as a quoted string.
func quotedSource(text string) (string, error) {
	body, err := quotedText(text, false)
	return `"` + body + `"`, err
}

// quotedText writes text for a place between quotes. more says that an
// interpolation or a directive follows it.
func quotedText(text string, more bool) (string, error) {
	return escape(text, more, func(r rune) string {
		switch {
		case r == '"' || r == '\\':
			return `\` + string(r)
		case r == '\n':
			return `\n`
		case r == '\t':
			return `\t`
		case isControl(r) || r == byteOrderMark || r == '$' || r == '%':
			return fmt.Sprintf(`\u%04x`, r)
		}
		return string(r)
	})
}

// bareText writes text for a place that is not between quotes: the source of a
// template itself.
func bareText(text string, more bool) (string, error) {
	return escape(text, more, func(r rune) string {
		if isControl(r) && r != '\n' && r != '\t' || r == byteOrderMark || r == '$' || r == '%' {
			return fmt.Sprintf(`${"\u%04x"}`, r)
		}
		return string(r)
	})
}

const byteOrderMark = '\ufeff'

// escape writes text so that no "$" or "%" of it begins a marker, neither with
// its own "{" nor with what follows it; write does so for any character, and is
// asked only for those that need it.
func escape(text string, more bool, write func(r rune) string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("it is not UTF-8 text")
	}
	var b strings.Builder
	for text != "" {
		run := text[:len(text)-len(strings.TrimLeft(text, "$%"))]
		if run == "" {
			r, n := utf8.DecodeRuneInString(text)
			b.WriteString(write(r))
			text = text[n:]
			continue
		}
		text = text[len(run):]
		brace := strings.HasPrefix(text, "{")
		switch {
		case brace && len(run) == 1:
			b.WriteString(run + run)
		case brace || marks(text, more, write):
			for _, r := range run {
				b.WriteString(write(r))
			}
		default:
			b.WriteString(run)
		}
	}
	return b.String(), nil
}

// marks reports whether the text, once written, begins with a marker.
func marks(text string, more bool, write func(r rune) string) bool {
	if text == "" {
		return more
	}
	r, _ := utf8.DecodeRuneInString(text)
	return strings.HasPrefix(write(r), "${")
}
