package apply

import (
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func TestJudgement(t *testing.T) {
	answers := func(requests, errors uint64) resource.Answers {
		return resource.Answers{Requests: requests, Errors: errors}
	}
	for name, tt := range map[string]struct {
		next, now resource.Answers
		fails     bool
	}{
		"no errors":                     {answers(1000, 0), answers(1000, 0), false},
		"no requests":                   {answers(0, 0), answers(1000, 10), false},
		"few errors say little":         {answers(2, 2), answers(1000, 0), false},
		"errors":                        {answers(100, 10), answers(1000, 0), true},
		"as many as before":             {answers(100, 10), answers(1000, 100), false},
		"a little more than before":     {answers(100, 14), answers(1000, 100), false},
		"more than before":              {answers(100, 16), answers(1000, 100), true},
		"it cannot be counted":          {resource.Answers{Unknown: true}, answers(1, 0), false},
		"what was there is not counted": {answers(100, 10), resource.Answers{Unknown: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := judgement{tt.next, tt.now}.verdict()
			if (err != nil) != tt.fails {
				t.Errorf("got %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "answers with errors") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSince(t *testing.T) {
	before := resource.Answers{Requests: 100, Errors: 50}
	if got := since(before, resource.Answers{Requests: 150, Errors: 51}); got != (resource.Answers{Requests: 50, Errors: 1}) {
		t.Errorf("got %+v", got)
	}
	// A pod that went takes its counters with it.
	if got := since(before, resource.Answers{Requests: 30, Errors: 2}); got != (resource.Answers{Requests: 30, Errors: 2}) {
		t.Errorf("after counters began anew: %+v", got)
	}
}
