package services

import (
	"context"
	"errors"
	"fmt"
)

// External is an instance that somebody else runs: it can be probed, never stopped or measured.
// addr is its host:port.
func External(addr string) Instance { return external(addr) }

type external string

func (e external) Addr() string { return string(e) }

// Exited never closes: nobody tells when a service elsewhere ends.
func (external) Exited() <-chan struct{} { return nil }

func (external) Exit() Exit { return Exit{} }

func (e external) Stats(context.Context) (Stats, error) {
	return Stats{}, fmt.Errorf("measuring %s, which runs elsewhere: %w", string(e), errors.ErrUnsupported)
}

func (external) Stop(context.Context) error { return nil }
