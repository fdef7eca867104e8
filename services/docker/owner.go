package docker

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// owner is the process that has to remove what carries its labels.
type owner struct {
	host, start string
	pid         int
}

func ownerOf(labels map[string]string) owner {
	pid, err := strconv.Atoi(labels[labelPid])
	if err != nil {
		pid = 0
	}
	return owner{host: labels[labelHost], start: labels[labelPidStart], pid: pid}
}

// here tells whether the owner is, or was, a process that can be looked for from here.
func (o owner) here() bool { return o.host == thisHost() }

// hostName is what people call the owner's machine.
func (o owner) hostName() string {
	name, _, _ := strings.Cut(o.host, "/")
	return name
}

// alive tells whether the owner still runs. In doubt it does.
func (o owner) alive() bool {
	if o.pid <= 0 {
		return false
	}
	start, err := processStart(o.pid)
	if errors.Is(err, os.ErrProcessDone) {
		return false
	}
	otherForm := strings.Count(start, ":") != strings.Count(o.start, ":") // that of another version
	return err != nil || o.start == "" || start == o.start || otherForm
}

// processStart is when a process was started, in a form that differs between two processes that had the
// same number. It is [os.ErrProcessDone] where there is no such process.
func processStart(pid int) (string, error) {
	if runtime.GOOS == "linux" {
		return linuxStart(pid)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return "", os.ErrProcessDone
	}
	if err := process.Signal(syscall.Signal(0)); errors.Is(err, os.ErrProcessDone) {
		return "", os.ErrProcessDone
	}
	out, err := exec.CommandContext(context.Background(), "ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(string(out)), " "), nil
}

// linuxStart is field 22 of proc(5)'s stat, in clock ticks since the start of the machine, behind the
// identity of that start.
func linuxStart(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		return "", os.ErrProcessDone
	}
	if err != nil {
		return "", err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = nil
	}
	name := strings.LastIndex(string(stat), ") ") // which may hold anything
	fields := strings.Fields(string(stat[name+1:]))
	const state, startTime = 0, 19
	if name < 0 || len(fields) <= startTime {
		return "", errors.New("the process table is not as proc(5) says")
	}
	if fields[state] == "Z" || fields[state] == "X" {
		return "", os.ErrProcessDone
	}
	machine, _, _ := strings.Cut(string(boot), "-")
	return machine + ":" + fields[startTime], nil
}
