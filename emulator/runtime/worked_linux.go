// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// worked is the processor time that the process has had. Its ticks are hundredths of a second on every platform that Go
// knows. Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
func (p *process) worked() (time.Duration, error) {
	const tick = 10 * time.Millisecond
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses, in which there may be anything. utime and stime are the 14th and 15th.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc has %d fields of workerd, not 13 or more", len(fields))
	}
	user, userErr := strconv.ParseInt(string(fields[11]), 10, 64)
	system, systemErr := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, errors.Join(userErr, systemErr)
}
