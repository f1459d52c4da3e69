package gke

import (
	"maps"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/erlmcp/erlmcp/schemas"
)

// maintenanceValue is what the block says, without what it leaves out; an empty
// object for "any time".
func maintenanceValue(m *schemas.GKEMaintenance) cty.Value {
	if m == nil {
		return cty.EmptyObjectVal
	}
	out := map[string]cty.Value{}
	if m.Daily != "" {
		out["daily"] = cty.StringVal(m.Daily)
	} else {
		out["recurrence"] = cty.StringVal(m.Recurrence)
		out["start"], out["end"] = moment(m.Start), moment(m.End)
	}
	exclusions := map[string]cty.Value{}
	for name, x := range m.Exclusions {
		scope := x.Scope
		if scope == "" {
			scope = "no_upgrades"
		}
		exclusions[name] = cty.ObjectVal(map[string]cty.Value{"start": moment(x.Start), "end": moment(x.End), "scope": cty.StringVal(scope)})
	}
	if len(exclusions) > 0 {
		out["exclusions"] = cty.ObjectVal(exclusions)
	}
	return cty.ObjectVal(out)
}

// moment is a time in the form that GKE gives it back. What is no time stays, for
// GKE to refuse.
func moment(text string) cty.Value {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		text = t.UTC().Format(time.RFC3339)
	}
	return cty.StringVal(text)
}

func observeMaintenance(p *containerpb.MaintenancePolicy) cty.Value {
	m := &schemas.GKEMaintenance{Exclusions: map[string]*schemas.GKEExclusion{}}
	w := p.GetWindow()
	for name, x := range w.GetMaintenanceExclusions() {
		m.Exclusions[name] = &schemas.GKEExclusion{
			Start: timeText(x.GetStartTime()), End: timeText(x.GetEndTime()),
			Scope: strings.ToLower(x.GetMaintenanceExclusionOptions().GetScope().String()),
		}
	}
	switch {
	case w.GetDailyMaintenanceWindow() != nil:
		m.Daily = w.GetDailyMaintenanceWindow().GetStartTime()
	case w.GetRecurringWindow() != nil:
		r := w.GetRecurringWindow()
		m.Recurrence, m.Start, m.End = r.GetRecurrence(), timeText(r.GetWindow().GetStartTime()), timeText(r.GetWindow().GetEndTime())
	case len(m.Exclusions) == 0:
		return cty.EmptyObjectVal
	}
	return maintenanceValue(m)
}

func timeText(t *timestamppb.Timestamp) string { return t.AsTime().UTC().Format(time.RFC3339) }

// maintenancePolicy is the policy in values as maintenanceValue makes them.
func maintenancePolicy(values cty.Value) *containerpb.MaintenancePolicy {
	v := values.GetAttr("maintenance")
	window := &containerpb.MaintenanceWindow{}
	out := &containerpb.MaintenancePolicy{Window: window}
	at := func(o cty.Value, name string) string {
		if !o.Type().HasAttribute(name) {
			return ""
		}
		return o.GetAttr(name).AsString()
	}
	span := func(o cty.Value) *containerpb.TimeWindow {
		return &containerpb.TimeWindow{StartTime: timestamp(at(o, "start")), EndTime: timestamp(at(o, "end"))}
	}
	switch {
	case v.IsNull():
		return out
	case at(v, "daily") != "":
		window.Policy = &containerpb.MaintenanceWindow_DailyMaintenanceWindow{DailyMaintenanceWindow: &containerpb.DailyMaintenanceWindow{StartTime: at(v, "daily")}}
	case at(v, "recurrence") != "":
		window.Policy = &containerpb.MaintenanceWindow_RecurringWindow{RecurringWindow: &containerpb.RecurringTimeWindow{Window: span(v), Recurrence: at(v, "recurrence")}}
	}
	if !v.Type().HasAttribute("exclusions") {
		return out
	}
	exclusions := v.GetAttr("exclusions").AsValueMap()
	window.MaintenanceExclusions = map[string]*containerpb.TimeWindow{}
	for _, name := range slices.Sorted(maps.Keys(exclusions)) {
		x := span(exclusions[name])
		scope := containerpb.MaintenanceExclusionOptions_Scope_value[strings.ToUpper(at(exclusions[name], "scope"))]
		x.Options = &containerpb.TimeWindow_MaintenanceExclusionOptions{
			MaintenanceExclusionOptions: &containerpb.MaintenanceExclusionOptions{Scope: containerpb.MaintenanceExclusionOptions_Scope(scope)},
		}
		window.MaintenanceExclusions[name] = x
	}
	return out
}

func timestamp(text string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return timestamppb.New(t)
}
