package catalog

import (
	"encoding/json"
	"sort"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// pageSize is how many entries a list answers at once. Most servers fit on one
// page, which is what clients without pagination see.
const pageSize = 500

// entry is one line of a list: its place in the order, and what clients see.
type entry struct {
	key  string
	json json.RawMessage
}

// list is entries by key.
type list []entry

// append writes the page after the cursor as a member of a result, and the
// cursor of the next page when there is one. Pages follow keys, not numbers, so
// that entries that come or go shift nothing.
func (l list) append(dst []byte, member, method string, m *protocol.Message) ([]byte, *protocol.Error) {
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
		start = sort.Search(len(l), func(i int) bool { return l[i].key > last })
	}
	end := min(start+pageSize, len(l))
	dst = append(protocol.Field(dst, member), '[')
	for i := start; i < end; i++ {
		if i > start {
			dst = append(dst, ',')
		}
		dst = append(dst, l[i].json...)
	}
	dst = append(dst, ']')
	if end < len(l) {
		dst = protocol.AppendString(protocol.Field(dst, "nextCursor"), protocol.EncodeCursor(method, l[end-1].key))
	}
	return dst, nil
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
