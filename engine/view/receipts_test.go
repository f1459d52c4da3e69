package view

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/receipt"
)

func TestReceipts(t *testing.T) {
	at := time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)
	chain := func(change func(*receipt.Chain)) *receipt.Chain {
		c := &receipt.Chain{
			ID: "9f8e1d192ecfbcd9", Source: "weather", Key: "92354465d3afeead204b979079e71276", Files: []string{"a", "b"},
			Calls: 20, Refusals: 1, FirstSeq: 1, LastSeq: 25, FirstAt: at, LastAt: at.Add(time.Hour),
		}
		change(c)
		return c
	}
	report := &receipt.Report{Chains: []*receipt.Chain{
		chain(func(c *receipt.Chain) { c.Closed = true }),
		chain(func(c *receipt.Chain) { c.FirstSeq, c.Lost, c.Unsigned = 5, 2, 3 }),
	}}
	const chains = `Chain 9f8e1d192ecfbcd9 of weather, in 2 files
  records 1 to 25, from 2026-11-21T19:00:00Z to 2026-11-21T20:00:00Z
  20 calls, 1 refusal; key 92354465d3afeead204b979079e71276
  Closed: the last record is the end of the log.

Chain 9f8e1d192ecfbcd9 of weather, in 2 files
  records 5 to 25, from 2026-11-21T19:00:00Z to 2026-11-21T20:00:00Z
  20 calls, 1 refusal; key 92354465d3afeead204b979079e71276
  The records before 5 are not among the files.
  2 records could not be written at the time.
  Not closed: the server runs, or was killed. Not signed at the end: 3 records.

`
	for _, c := range []struct {
		name     string
		problems []receipt.Problem
		want     string
	}{
		{"all is well", nil, chains + "The receipts hold up.\n"},
		{"problems", []receipt.Problem{{File: "a", Line: 7, Text: "it was changed"}, {File: "b", Text: "it is gone"}},
			chains + "a:7: it was changed.\nb: it is gone.\n\nThe receipts do not hold up: 2 problems.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			report.Problems = c.problems
			if err := Receipts(&out, report); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
