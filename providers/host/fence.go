package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// cgroupRoot is where Linux shows control groups (cgroups(7)).
const cgroupRoot = "/sys/fs/cgroup"

// fence is the control groups that hold a server's processes to its limits. It
// takes the right to make groups at the root, which root on a machine has.
type fence struct {
	root string // cgroupRoot but for tests
	name string
}

func (f folder) fence() fence {
	sum := sha256.Sum256([]byte(f))
	return fence{cgroupRoot, "erlmcp-" + filepath.Base(string(f)) + "-" + hex.EncodeToString(sum[:4])}
}

// isUnified reports whether this is the second version of control groups, where
// one group has all controllers.
func (g fence) isUnified() bool {
	_, err := os.Stat(filepath.Join(g.root, "cgroup.controllers"))
	return err == nil
}

// setting is a file of a group and what is written there.
type setting struct{ group, file, value string }

func (g fence) settings(doc cty.Value) ([]setting, error) {
	limit := func(name string) cty.Value {
		v, _ := document.Setting(doc, "limits", name).Unmark()
		return v
	}
	memory, err := schemas.ParseSize(limit("memory").AsString())
	if err != nil {
		return nil, err
	}
	const period = 100_000 // microseconds
	cpu, _ := limit("cpu").AsBigFloat().Float64()
	quota := strconv.FormatFloat(max(1000, cpu*period), 'f', 0, 64) // no less is taken
	bytes, processes := strconv.FormatInt(int64(memory), 10), strconv.Itoa(document.Int(limit("processes")))
	if g.isUnified() {
		group := filepath.Join(g.root, g.name)
		return []setting{
			{group, "memory.max", bytes}, {group, "memory.swap.max", "0"},
			{group, "cpu.max", quota + " " + strconv.Itoa(period)}, {group, "pids.max", processes},
		}, nil
	}
	group := func(controller string) string { return filepath.Join(g.root, controller, g.name) }
	return []setting{
		{group("memory"), "memory.limit_in_bytes", bytes},
		{group("cpu"), "cpu.cfs_period_us", strconv.Itoa(period)}, {group("cpu"), "cpu.cfs_quota_us", quota},
		{group("pids"), "pids.max", processes},
	}, nil
}

// raise makes the groups with the limits of the document, as far as this user may
// and the kernel can, and returns those that there are.
func (g fence) raise(doc cty.Value) ([]string, error) {
	all, err := g.settings(doc)
	if err != nil {
		return nil, err
	}
	if g.isUnified() {
		// Without a right to this, the files below are not there.
		_ = put(filepath.Join(g.root, "cgroup.subtree_control"), "+memory +cpu +pids")
	}
	made := map[string]bool{}
	var groups []string
	for _, s := range all {
		if _, seen := made[s.group]; !seen {
			err := os.Mkdir(s.group, 0o755)
			made[s.group] = err == nil || errors.Is(err, fs.ErrExist)
			if made[s.group] {
				groups = append(groups, s.group)
			}
		}
		if !made[s.group] {
			continue
		}
		if err := set(s); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// widen makes room for one more server of that document in groups that are there,
// as one that takes over stands beside the other for a while. narrow puts the limits
// back, and may be left out when others are set; it is nil when there are none.
func (g fence) widen(doc cty.Value) (narrow func() error, err error) {
	all, err := g.settings(doc)
	if err != nil {
		return nil, err
	}
	var before []setting
	for _, s := range all {
		held, err := os.ReadFile(filepath.Join(s.group, s.file))
		if err != nil || s.file != "memory.max" && s.file != "memory.limit_in_bytes" && s.file != "pids.max" {
			continue
		}
		now, err := strconv.ParseInt(strings.TrimSpace(string(held)), 10, 64)
		more, err2 := strconv.ParseInt(s.value, 10, 64)
		if err != nil || err2 != nil || now > math.MaxInt64/2 {
			continue // there is no limit
		}
		before = append(before, setting{s.group, s.file, strconv.FormatInt(now, 10)})
		if err := set(setting{s.group, s.file, strconv.FormatInt(now+more, 10)}); err != nil {
			return nil, err
		}
	}
	if len(before) == 0 {
		return nil, nil
	}
	return func() error {
		var failed error
		for _, s := range before {
			failed = errors.Join(failed, set(s))
		}
		return failed
	}, nil
}

// set writes a setting as far as this user may and the kernel can.
func set(s setting) error {
	err := put(filepath.Join(s.group, s.file), s.value)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("set the limits of the server: %w", err)
	}
	return nil
}

// put writes to a file of a group, which is there or not.
func put(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// drop ends what is left in the groups and removes them.
func (g fence) drop(ctx context.Context) error {
	groups := []string{filepath.Join(g.root, g.name)}
	for _, controller := range []string{"memory", "cpu", "pids"} {
		groups = append(groups, filepath.Join(g.root, controller, g.name))
	}
	for _, group := range groups {
		var last error
		gone, err := await(ctx, 5*time.Second, func() (bool, error) {
			last = os.Remove(group)
			if last == nil || errors.Is(last, fs.ErrNotExist) {
				return true, nil
			}
			g.kill(group)
			return false, nil
		})
		if err != nil {
			return err
		}
		if !gone {
			return fmt.Errorf("remove control group: %w", last)
		}
	}
	return nil
}

// kill ends the processes of a group, which are descendants of the server.
func (g fence) kill(group string) {
	b, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if err != nil {
		return
	}
	for _, line := range strings.Fields(string(b)) {
		if pid, err := strconv.Atoi(line); err == nil && pid > 1 && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
		}
	}
}
