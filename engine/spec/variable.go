package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

func (e *expander) readVars(vars *Node) {
	if k := vars.Kind(); k == Scalar || k == List {
		e.ds.wrongKind(vars, "a mapping of names to values", `vars: {TAG: "1.0"}`)
		return
	}
	for _, v := range vars.Entries() {
		if given, ok := e.o.Vars[v.Key]; ok {
			v.Value.override(v.Key, given)
			e.given[v.Key] = true
			e.done[v.Value] = true
		} else if k := v.Value.Kind(); k == Map || k == List {
			e.ds.at(v.Value, "", "the variable %s must be a single value, found %s", v.Key, k)
		}
		e.vars[v.Key], e.names[v.Value] = v.Value, v.Key
	}
}

// override replaces the value of a variable by the one from the command line.
func (n *Node) override(name, given string) {
	n.kind, n.tag, n.text = Scalar, "!!str", given
	n.entries, n.items = nil, nil
	n.cuts = []cut{{0, utf8.RuneCountInString(given), 0, utf8.RuneCountInString(n.raw)}}
	if IsSecret(name) {
		n.shown = hidden
	}
}

func (w *writing) unknownNamespace(namespace string, r refer) {
	known := append([]string{"env"}, w.o.Reserved...)
	hint := "write ${NAME} for a variable, or one of ${" + strings.Join(known, ".}, ${") + ".}"
	if near := Nearest(namespace, known); near != "" {
		hint = "did you mean ${" + near + r.name[len(namespace):] + "}?"
	}
	w.fail(r.at, r.length, hint, "nothing is known as %s in %s", namespace, r.whole)
}

func (w *writing) variable(r refer) {
	if given, ok := w.o.Vars[r.name]; ok {
		w.given[r.name] = true
		w.conceal(r.name, given)
		w.add(given, mask(r.name, given))
		return
	}
	n, ok := w.vars[r.name]
	switch {
	case ok && slices.Contains(w.active, r.name):
		loop := append(slices.Clone(w.active[slices.Index(w.active, r.name):]), r.name)
		w.fail(r.at, r.length, "give one of them a value of its own",
			"the variable %s stands for itself: %s", r.name, strings.Join(loop, " -> "))
		w.add(r.whole, r.whole)
	case ok:
		w.expander.node(n)
		w.conceal(r.name, n.text)
		w.node.broken = w.node.broken || n.broken
		w.add(n.text, n.masked())
	case r.hasFallback:
		w.write(r.fallback, r.at, false)
	default:
		w.fail(r.at, r.length, w.unsetHint(r.name), "the variable %s is not set", r.name)
		w.add(r.whole, r.whole)
	}
}

func (w *writing) env(name string, r refer) {
	value, ok := "", false
	if w.o.Env != nil {
		value, ok = w.o.Env(name)
	}
	switch {
	case r.hasFallback && (!ok || value == ""):
		w.write(r.fallback, r.at, false)
	case ok:
		w.conceal(name, value)
		w.add(value, mask(name, value))
	default:
		w.fail(r.at, r.length, fmt.Sprintf("set it, or write ${env.%s:-default}", name),
			"the environment variable %s is not set", name)
		w.add(r.whole, r.whole)
	}
}

func (w *writing) unsetHint(name string) string {
	known := slices.Sorted(maps.Keys(w.vars))
	known = append(known, slices.Sorted(maps.Keys(w.o.Vars))...)
	if near := Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean ${%s}?", near)
	}
	if w.o.Env != nil {
		if _, ok := w.o.Env(name); ok {
			return fmt.Sprintf("the environment has one: write ${env.%s}", name)
		}
	}
	return fmt.Sprintf("give it with --var %s=value, or under vars", name)
}
