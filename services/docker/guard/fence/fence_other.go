//go:build !linux

package fence

import (
	"context"
	"errors"
	"io"
)

var errLinux = errors.New("a fence needs Linux: it runs inside of a container")

// Hold is not possible on this system.
func Hold(context.Context, Config, io.Writer) error { return errLinux }

// Ask is not possible on this system.
func Ask(context.Context, []byte, io.Writer) error { return errLinux }
