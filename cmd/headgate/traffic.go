package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/index"
	"github.com/headgate-dev/headgate/traffic/store"
)

func (p *program) trafficCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "traffic",
		Short: "Index captured traffic, choose a small part of it, and see what a replay carries on",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.trafficIndexCommand(), p.trafficSelectCommand(), p.trafficLinksCommand())
	return cmd
}

func (p *program) trafficIndexCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "index PATH...",
		Short: "Write an index beside captured traffic, so that it need not be read to know what it holds",
		Long: `Index reads captured traffic, in files, folders or object storage (s3://bucket/folder), and writes a file
` + index.Name + ` into each folder. It holds where each record stands, its time, endpoint, session, status and
shape, and what inspect says; no text of the traffic but its endpoints and what inspect shows. Inspect and traffic
select use it as long as the files are as they were; select brings it up to date.

Exit codes: 0 written, 3 nothing to read, 4 the index cannot be written or the storage cannot be reached.`,
		Example: `  headgate traffic index captured/
  headgate traffic index s3://captures/2026-11/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.trafficIndex(cmd.Context(), args) },
	}
}

func (p *program) trafficIndex(ctx context.Context, paths []string) error {
	set, err := p.loadIndex(ctx, paths)
	if err != nil {
		return err
	}
	defer set.Close() //nolint:errcheck // nothing depends on it any more
	if err := set.Save(ctx, true); err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "the folder of the traffic has to be writable"}
	}
	tellCounts(p.out, set.Counts())
	sessions, err := set.Sessions()
	if err != nil {
		return err
	}
	if sessions != "" {
		fmt.Fprintf(p.out, "sessions   %s\n", strings.TrimPrefix(sessions, "sessions: "))
	}
	built, placed, size := 0, 0, int64(0)
	for _, f := range set.Files() {
		if f.Built {
			built++
		}
		if f.Placed() {
			placed++
		}
		size += f.Bytes
	}
	fmt.Fprintf(p.out, "index      %d of %d files read anew, %d bytes of entries\n", built, len(set.Files()), size)
	fmt.Fprintf(p.out, "           records of %d files can be read one by one; the others are read from their beginning\n",
		placed)
	return nil
}

// loadIndex reads the index of captures, and the captures where it is not there or old.
func (p *program) loadIndex(ctx context.Context, paths []string) (*index.Set, error) {
	set, err := index.Load(ctx, paths, index.Options{})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, usage(err, "give a file or a folder of captured traffic")
	}
	for _, damaged := range set.Damaged {
		fmt.Fprintf(p.err, "warning: %v; it is made again\n", damaged)
	}
	return set, nil
}

// tellProblems says which records cannot be used.
func (p *program) tellProblems(counts formats.Counts) {
	for _, problem := range counts.Problems {
		fmt.Fprintf(p.err, "unusable: %v\n", problem)
	}
}

// amongFiles tells whether a location is one of some files.
func amongFiles(location string, files []string) bool {
	if slices.Contains(files, location) {
		return true
	}
	target, err := os.Stat(location)
	if store.Remote(location) || errors.Is(err, os.ErrNotExist) {
		return false
	}
	return slices.ContainsFunc(files, func(file string) bool {
		info, other := os.Stat(file)
		return err == nil && other == nil && os.SameFile(info, target)
	})
}
