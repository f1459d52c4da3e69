package resource_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func TestStages(t *testing.T) {
	trial, finish := resource.Stage{Kind: resource.Trial}, resource.Stage{Kind: resource.Finish}
	for name, tt := range map[string]struct {
		rollout resource.Rollout
		checked bool
		want    []resource.Stage
	}{
		"by itself":           {resource.Rollout{}, false, nil},
		"checked":             {resource.Rollout{}, true, []resource.Stage{trial, finish}},
		"rolling, checked":    {resource.Rollout{Strategy: resource.Rolling}, true, []resource.Stage{trial, finish}},
		"recreated, checked":  {resource.Rollout{Strategy: resource.Recreate}, true, nil},
		"blue and green":      {resource.Rollout{Strategy: resource.BlueGreen}, false, []resource.Stage{trial, {Kind: resource.Shift, Percent: 100}, finish}},
		"a canary, unchecked": {resource.Rollout{Strategy: resource.Canary, Steps: []int{5}, Hold: time.Second}, false, []resource.Stage{trial, {Kind: resource.Shift, Percent: 5, Hold: time.Second}, finish}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.rollout.Stages(tt.checked); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOneCopy(t *testing.T) {
	for name, tt := range map[string]struct {
		rollout resource.Rollout
		says    string // "" for nothing
	}{
		"by itself":  {resource.Rollout{HealthTimeout: time.Second, LeaveFailed: true}, ""},
		"recreate":   {resource.Rollout{Strategy: resource.Recreate}, ""},
		"rolling":    {resource.Rollout{Strategy: resource.Rolling}, `strategy = "rolling"`},
		"blue-green": {resource.Rollout{Strategy: resource.BlueGreen}, `strategy = "blue_green"`},
		"surge":      {resource.Rollout{MaxSurge: "1"}, "max_surge"},
	} {
		t.Run(name, func(t *testing.T) {
			d := resource.Instance{Rollout: tt.rollout}.OneCopy()
			if (d == nil) != (tt.says == "") || d != nil && !strings.Contains(d.Error(), tt.says) {
				t.Errorf("got %v", d)
			}
		})
	}
}

func TestStageText(t *testing.T) {
	for want, s := range map[string]resource.Stage{
		"a trial out of sight":            {Kind: resource.Trial},
		"5% of the requests":              {Kind: resource.Shift, Percent: 5},
		"5% of the requests for 2m":       {Kind: resource.Shift, Percent: 5, Hold: 2 * time.Minute},
		"50% of the requests for 10s":     {Kind: resource.Shift, Percent: 50, Hold: 10 * time.Second},
		"50% of the requests for 1h":      {Kind: resource.Shift, Percent: 50, Hold: time.Hour},
		"50% of the requests for 1h0m10s": {Kind: resource.Shift, Percent: 50, Hold: time.Hour + 10*time.Second},
		"the new takes over":              {Kind: resource.Finish},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
