package catalog

import (
	"encoding/json"
	"sort"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// pageSize is how many entries a list answers at once. Most servers fit on one
// page, which is what clients without pagination see.
const pageSize = 500

// list is the entries of a list that is rendered once, by key.
type list []entry

// entry is one of them: its place in the order, and what clients see.
type entry struct {
	key  string
	json json.RawMessage
}

// page finds the page that m asks for in a list of n entries in the order of
// their keys, which is from start to end, and appends the list as a member, each
// entry by way of add, and the cursor of the next page when there is one. Pages
// follow keys, not numbers, so that entries that come or go shift nothing.
func page(dst []byte, member, method string, m *protocol.Message, n int, key func(int) string, add func([]byte, int) []byte) ([]byte, *protocol.Error) {
	start := 0
	cursor, given, err := m.Cursor()
	if err != nil {
		return dst, err
	}
	if given {
		last, err := protocol.DecodeCursor(method, cursor)
		if err != nil {
			return dst, err
		}
		start = sort.Search(n, func(i int) bool { return key(i) > last })
	}
	end := min(start+pageSize, n)
	dst = append(protocol.Field(dst, member), '[')
	for i := start; i < end; i++ {
		if i > start {
			dst = append(dst, ',')
		}
		dst = add(dst, i)
	}
	dst = append(dst, ']')
	if end < n {
		dst = protocol.AppendString(protocol.Field(dst, "nextCursor"), protocol.EncodeCursor(method, key(end-1)))
	}
	return dst, nil
}

// append appends the page that m asks for.
func (l list) append(dst []byte, member, method string, m *protocol.Message) ([]byte, *protocol.Error) {
	return page(dst, member, method, m, len(l),
		func(i int) string { return l[i].key },
		func(dst []byte, i int) []byte { return append(dst, l[i].json...) })
}

// AppendTools appends the members of the result of tools/list.
func (c *Catalog) AppendTools(dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	return c.toolList.append(dst, "tools", protocol.ToolsList, m)
}

// AppendPrompts appends the members of the result of prompts/list.
func (c *Catalog) AppendPrompts(dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	return c.promptList.append(dst, "prompts", protocol.PromptsList, m)
}

// AppendTemplates appends the members of the result of resources/templates/list:
// one template for each folder.
func (c *Catalog) AppendTemplates(dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	return c.templateList.append(dst, "resourceTemplates", protocol.ResourcesTemplatesList, m)
}
