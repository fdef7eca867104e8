package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	sampleTime     = 100 * time.Millisecond
	samplesPerScan = 5
	// tick is the unit of processor times in /proc: USER_HZ is 100 on every Linux that Go runs on.
	tick = 10 * time.Millisecond
)

// attributes put the child into a group of its own, and have it killed should this process be killed
// without a chance to stop it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// processes reads the process table. Processes that end meanwhile are left out.
func processes() ([]entry, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	var all []entry
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if e, err := readEntry(pid); err == nil {
			all = append(all, e)
		}
	}
	return all, nil
}

func readEntry(pid int) (entry, error) {
	row, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return entry{}, err
	}
	return parseStat(string(row))
}

// parseStat reads /proc/PID/stat as proc_pid_stat(5) describes it. The name in parentheses may hold
// anything, so the fields are counted from its end.
func parseStat(row string) (entry, error) {
	open, end := strings.IndexByte(row, '('), strings.LastIndexByte(row, ')')
	if open < 0 || end < open {
		return entry{}, notProcess(row)
	}
	fields := strings.Fields(row[end+1:])
	if len(fields) < 22 {
		return entry{}, notProcess(row)
	}
	numbers := []string{strings.TrimSpace(row[:open])}
	for _, i := range []int{1, 2, 11, 12, 13, 14, 21} { // ppid pgrp utime stime cutime cstime rss
		numbers = append(numbers, fields[i])
	}
	v := make([]int64, len(numbers))
	for i, text := range numbers {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return entry{}, notProcess(row)
		}
		v[i] = n
	}
	return entry{
		pid: int(v[0]), parent: int(v[1]), group: int(v[2]),
		zombie: fields[0] == "Z" || fields[0] == "X",
		cpu:    time.Duration(v[3]+v[4]+v[5]+v[6]) * tick,
		memory: v[7] * int64(os.Getpagesize()),
	}, nil
}

// marked tells whether the process was started with the mark in its environment. It cannot be told for
// the processes of other users.
func marked(pid int, mark string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	return bytes.HasPrefix(env, []byte(mark+"\x00")) || bytes.Contains(env, []byte("\x00"+mark+"\x00"))
}
