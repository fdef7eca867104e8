//go:build !linux

package servicestest

import "syscall"

func detach(bool) *syscall.SysProcAttr { return nil }
