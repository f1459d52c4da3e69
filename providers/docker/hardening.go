package docker

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// runOptions are those of the file system in memory that holds the control
// socket: nobody but the server's own user can enter it.
var runOptions = fmt.Sprintf("rw,noexec,nosuid,nodev,size=1m,mode=0700,uid=%d,gid=%d", userID, userID)

// hardened is what every container is held to.
var hardened = cty.ObjectVal(map[string]cty.Value{
	"user":        cty.StringVal(user),
	"read_only":   cty.True,
	"privileged":  cty.False,
	"drop":        texts("ALL"),
	"add":         texts(),
	"options":     texts("no-new-privileges"),
	"host_spaces": texts(),
})

// The health check: soon after the start, then seldom, since each check runs a
// process.
const (
	healthInterval    = 10 * time.Second
	healthTimeout     = 5 * time.Second
	healthStartPeriod = 10 * time.Second
	healthRetries     = 3
)

var healthCommand = []string{programPath, "health", "-control", controlPath}

var healthCheck = healthValue(append([]string{"CMD"}, healthCommand...), healthInterval, healthTimeout, healthStartPeriod, healthRetries)

func healthValue(test []string, interval, timeout, start time.Duration, retries int) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"command":      texts(test...),
		"interval":     cty.StringVal(interval.String()),
		"timeout":      cty.StringVal(timeout.String()),
		"start_period": cty.StringVal(start.String()),
		"retries":      cty.NumberIntVal(int64(retries)),
	})
}
