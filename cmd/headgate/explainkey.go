package main

import (
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/schemas"
)

var subscript = regexp.MustCompile(`\[[^\]]*\]`)

// key explains a key of the run file by its path.
func (x *explainer) key(path string) bool {
	path = subscript.ReplaceAllString(path, "")
	for _, f := range x.keys {
		if f.Path == path {
			x.tellKey(f)
			return true
		}
	}
	return false
}

// keysEnding explains the keys whose path ends in the name.
func (x *explainer) keysEnding(name string) (found bool) {
	name = subscript.ReplaceAllString(name, "")
	for _, f := range x.keys {
		if strings.HasSuffix(f.Path, "."+name) {
			x.tellKey(f)
			found = true
		}
	}
	return found
}

func (x *explainer) tellKey(f schemas.Field) {
	fmt.Fprintf(x.out, "key %s\n", f.Path)
	if f.Description != "" {
		fmt.Fprintf(x.out, "  %s\n", f.Description)
	}
	if f.Type != "" {
		fmt.Fprintf(x.out, "  type      %s\n", f.Type)
	}
	switch {
	case f.Default != "":
		fmt.Fprintf(x.out, "  default   %s\n", f.Default)
	case f.Required:
		fmt.Fprintln(x.out, "  required")
	}
	if len(f.Children) > 0 {
		fmt.Fprintf(x.out, "  keys      %s\n", strings.Join(f.Children, ", "))
	}
}

// listKeys lists every key of the run file.
func (x *explainer) listKeys() error {
	table := tabwriter.NewWriter(x.out, 0, 0, 2, ' ', 0)
	for _, f := range x.keys {
		fmt.Fprintf(table, "%s\t%s\n", f.Path, f.Description)
	}
	return table.Flush()
}

// grammar says how gates are written.
func (x *explainer) grammar() error {
	fmt.Fprint(x.out, `A gate is a metric's name with a condition, or a name of its own with an expression:

  status_pass_rate: ">= 0.99"
  checkout-stays-correct:
    expr: 'endpoint("POST /orders").status_pass_rate == 1 and side_effects.missing_calls == 0'
    min_samples: 20
    severity: enforce            # enforce, warn or observe
    on_fail: {goto: backends}    # backends, sut or stop
    waive: {until: 2026-12-31, reason: "flaky upstream", by: ann}   # a failure is a warning until then

Conditions, with v for the measured value and B for the baseline's:

`)
	table := tabwriter.NewWriter(x.out, 0, 0, 2, ' ', 0)
	for _, form := range gates.Grammar() {
		fmt.Fprintf(table, "  %s\t%s\n", form.Written, form.Means)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprint(x.out, `
Expressions know + - * / and or not == != < <= > >= ? : abs min max duration("200ms")
bytes("64MiB") endpoint("GET /path") and every metric (headgate explain metrics).
A gate without evidence is inconclusive: it never passes.
`)
	return nil
}
