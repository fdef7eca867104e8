package servicestest

import "syscall"

// detach makes a child leave its group: only on Linux does the driver promise to find such a one.
func detach(yes bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: yes} }
