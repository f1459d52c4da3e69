package memory

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Limit is how much memory this process may have: what the configuration says, or
// less where a control group of Linux allows less.
func Limit(configured int64) int64 {
	return limitBelow("/", configured)
}

// program is for the program itself, of which 12 MB are resident when it has much to
// do, in bytes.
const program = 14 << 20

// ForGo is what Go may use of so much memory. The rest is for what Go does not count:
// a tenth, and more where that is less than the program itself takes up.
func ForGo(limit int64) int64 {
	return limit - max(limit/10, min(limit/4, program))
}

// limitBelow reads the files of control groups below a root, as both versions have
// them (cgroups(7)). What cannot be read does not bound.
func limitBelow(root string, limit int64) int64 {
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup")) // none outside of Linux
	for _, line := range strings.Split(string(groups), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		// In a container the group is the root of what is mounted.
		for path := parts[2]; ; path = filepath.Dir(path) {
			text, err := os.ReadFile(filepath.Join(root, folder, path, file))
			if n, e := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && e == nil && n > 0 {
				limit = min(limit, n)
			}
			if path == "/" || path == "." {
				break
			}
		}
	}
	return limit
}
