package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/cmd/headgate/survey"
	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/schemas"
)

// draftName is the run file that init writes.
const draftName = "headgate.yaml"

func (p *program) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Draft a run file from what is in a folder",
		Long: `Init looks through a folder, the current one by default, for captured traffic, a way to start the
service (a Go main package, package.json, Procfile, Dockerfile), compose files and OpenAPI documents,
and writes DIR/` + draftName + ` with comments on what to check. It overwrites nothing and starts nothing.

Exit codes: 0 written, 3 there is a run file already or the folder cannot be read, 4 it cannot be
written.`,
		Example: "  headgate init\n  headgate init services/orders",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return p.draft(cmd.Context(), dir)
		},
	}
}

func (p *program) draft(ctx context.Context, dir string) error {
	path := filepath.Join(dir, draftName)
	if _, err := os.Lstat(path); err == nil {
		return usage(fmt.Errorf("%s is there already", path), "remove or rename it to have another one drafted")
	}
	found, err := survey.Look(ctx, dir)
	if err != nil {
		return usage(err, "name a folder")
	}
	p.tellFindings(found)
	if err := writeNew(path, found.RunFile()); err != nil {
		return err
	}
	schema := filepath.Join(dir, filepath.FromSlash(survey.Schema))
	if err := writeNew(schema, schemas.Pipeline()); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	fmt.Fprintf(p.out, "\nwrote %s\n", path)
	p.tellDraft(ctx, path, found)
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, content []byte) error {
	fault := func(err error) error { return &engine.Fault{Verdict: engine.Environment, Err: err} }
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fault(err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return fault(err)
	}
	return nil
}

func (p *program) tellFindings(f *survey.Findings) {
	tell := func(what, none string, list []string) {
		text := strings.Join(list, ", ")
		if len(list) == 0 {
			text = none
		}
		fmt.Fprintf(p.out, "%-10s %s\n", what, text)
	}
	var inbound, outbound, starts, compose []string
	if f.Captures.Requests > 0 {
		inbound = []string{fmt.Sprintf("%d in %s", f.Captures.Requests, strings.Join(f.Captures.Inbound, ", "))}
	}
	for _, u := range f.Captures.Upstreams {
		outbound = append(outbound, fmt.Sprintf("%s (%d calls)", u.Name, u.Calls))
	}
	for _, s := range f.Starts {
		starts = append(starts, s.From)
	}
	for _, c := range f.Compose {
		compose = append(compose, c.Path)
	}
	tell("inbound", "none found: nothing to replay yet", inbound)
	tell("outbound", "none found: nothing to mock", outbound)
	tell("start", "none found: fill in sut.apps, or replay against a URL", starts)
	tell("compose", "none found", compose)
	tell("openapi", "none found", f.OpenAPI)
}

// tellDraft says whether what was written can be run, and what to do next.
func (p *program) tellDraft(ctx context.Context, path string, f *survey.Findings) {
	if !f.Runs() {
		fmt.Fprintf(p.out, "it does not run yet: record traffic first\n  %s\n", f.Record())
		fmt.Fprintf(p.out, "or, if it calls others through HTTP_PROXY\n  %s\n", f.RecordCommand())
		return
	}
	_, ds := phases.Load(ctx, phases.Source{Path: path, Env: p.env})
	if len(ds) > 0 {
		spec.Render(p.err, ds, sources, p.colors())
	}
	next := "look at the lines that say check, then: headgate run " + path
	if ds.Err() != nil {
		next = "it does not run yet: see above"
	}
	fmt.Fprintln(p.out, next)
}
