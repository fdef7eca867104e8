//go:build unix && !linux

package process

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// There is no /proc to read, so every sample asks ps(1), and less often.
const (
	sampleTime     = time.Second
	samplesPerScan = 1
)

// attributes put the child into a group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// processes reads the process table.
func processes() ([]entry, error) {
	out, err := exec.Command("ps", "-axo", "pid=,ppid=,pgid=,rss=,stat=,time=").Output()
	if err != nil {
		return nil, fmt.Errorf("reading the process table with ps: %w", err)
	}
	var all []entry
	for row := range strings.Lines(string(out)) {
		e, err := parseRow(row)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func readEntry(int) (entry, error) { return entry{}, errors.ErrUnsupported }

func parseRow(row string) (entry, error) {
	fields := strings.Fields(row)
	if len(fields) < 6 {
		return entry{}, notProcess(row)
	}
	v := make([]int, 4)
	for i := range v {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return entry{}, notProcess(row)
		}
		v[i] = n
	}
	cpu, err := parseTime(fields[5])
	if err != nil {
		return entry{}, notProcess(row)
	}
	return entry{
		pid: v[0], parent: v[1], group: v[2], memory: int64(v[3]) << 10,
		zombie: strings.HasPrefix(fields[4], "Z"), cpu: cpu,
	}, nil
}

// parseTime reads [[days-]hours:]minutes:seconds, the seconds with a fraction or without.
func parseTime(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "-")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.Atoi(days)
	if err != nil {
		return 0, err
	}
	total := float64(n) * 24 / 60
	for part := range strings.SplitSeq(rest, ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, err
		}
		total = total*60 + v
	}
	return time.Duration(total * float64(time.Second)), nil
}

// marked is not known here: what left its group and its parent stays unseen.
func marked(int, string) bool { return false }
