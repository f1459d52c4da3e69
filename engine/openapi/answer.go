package openapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// accept asks for JSON where the document knows a successful answer in JSON.
func (m *making) accept() error {
	responses, _ := m.op.spec["responses"].(object)
	for _, status := range sorted(responses) {
		r, err := m.op.d.deref(responses[status])
		if err != nil {
			return err
		}
		content, _ := r["content"].(object)
		if strings.HasPrefix(status, "2") && content["application/json"] != nil {
			m.http.Headers = map[string]schemas.Template{"Accept": "application/json"}
		}
	}
	return nil
}

// answer takes along what the document says of a successful answer, when that is
// always a JSON object.
func (m *making) answer() error {
	responses, _ := m.op.spec["responses"].(object)
	var schema any
	for _, status := range sorted(responses) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		r, err := m.op.d.deref(responses[status])
		if err != nil {
			return err
		}
		content, _ := r["content"].(object)
		media, _ := content["application/json"].(object)
		if schema != nil || len(content) != 1 || media["schema"] == nil {
			return nil // it has several forms, or another than JSON
		}
		schema = media["schema"]
	}
	flat, err := m.op.d.deref(schema)
	if err != nil || kindOf(flat) != "object" {
		return err
	}
	c := newConverter(m.op.d, "writeOnly")
	out, err := c.convert(schema)
	if err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	whole := out.(object)
	whole["type"] = "object"
	defs, err := c.definitions()
	if err != nil {
		return fmt.Errorf("its answer: %w", err)
	}
	if len(defs) > 0 {
		whole["$defs"] = defs
	}
	raw, err := json.Marshal(whole)
	if err != nil {
		return fmt.Errorf("write the schema of its answer: %w", err)
	}
	m.spec.OutputSchema = string(raw)
	return nil
}
