//go:build !unix

package docker

import "errors"

func freeDisk(string) (uint64, error) { return 0, errors.ErrUnsupported }
