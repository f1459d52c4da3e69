package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// releaseStart unmaps the pages of the program itself that only the start needed:
// the tables and the code of initialisation, half of what is resident then. They
// are as in the file and stay in the page cache; what is needed after all is
// mapped again at a touch, so that a failure changes nothing.
func releaseStart() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	var begin, end uint64 // of the mapping that the lines are about; 0 for one to leave
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // proc_pid_smaps(5)
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			begin, end = 0, 0
			if len(fields) == 6 && fields[5] == self && !strings.Contains(fields[1], "w") {
				begin, end = span(fields[0])
			}
		case begin != 0 && len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0": // nothing of it was changed
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), syscall.MADV_DONTNEED)
		}
	}
}

// span reads "55d0c8a00000-55d0c8c00000", and is 0, 0 of anything else.
func span(text string) (begin, end uint64) {
	from, to, _ := strings.Cut(text, "-")
	begin, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return 0, 0
	}
	if end, err = strconv.ParseUint(to, 16, 64); err != nil {
		return 0, 0
	}
	return begin, end
}
