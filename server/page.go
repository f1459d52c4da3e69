package server

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/server/telemetry"
	"github.com/erlmcp/erlmcp/version"
)

// servePage answers with the status page.
func (rt *Runtime) servePage(st *state, w http.ResponseWriter, r *http.Request) {
	tools, resources, prompts := st.catalog.Size()
	telemetry.Page{
		Title: cmp.Or(st.doc.Title, st.doc.Name), Description: st.doc.Description, Version: st.doc.Version,
		Runtime: "erlmcp " + version.Version, Health: rt.health.State(),
		Facts: []telemetry.Fact{
			{Name: "Tools", Value: strconv.Itoa(tools)},
			{Name: "Resources", Value: strconv.Itoa(resources)},
			{Name: "Prompts", Value: strconv.Itoa(prompts)},
			{Name: "Running for", Value: lasting(time.Since(rt.started))},
			{Name: "Connections", Value: strconv.Itoa(rt.front.Connections())},
			{Name: "In progress", Value: strconv.Itoa(rt.workers.inProgress())},
		},
	}.Serve(w, r)
}

// lasting is a time span for people.
func lasting(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + " days"
}
