//go:build !unix

package process

import (
	"errors"
	"syscall"
	"time"
)

const (
	sampleTime     = time.Second
	samplesPerScan = 1
)

func supported() error {
	return errors.New("local processes cannot be ended whole on this system; " +
		"use Linux, macOS or WSL, or an image")
}

func attributes() *syscall.SysProcAttr { return nil }

func processes() ([]entry, error) { return nil, errors.ErrUnsupported }

func readEntry(int) (entry, error) { return entry{}, errors.ErrUnsupported }

func marked(int, string) bool { return false }

func signalGroup(int, syscall.Signal) {}

func signalAll([]int, syscall.Signal) {}
