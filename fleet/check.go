package fleet

import (
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// Names are the names of everything that a pipeline brings up, as far as its phases are made.
func Names(p *engine.Pipeline) []string {
	var names []string
	for _, scope := range []string{"mocks", "real", "databases", "apps"} {
		names = append(names, p.Metrics.Subjects(scope)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// CheckNeeds finds needs of the service name that nothing in the run meets.
func CheckNeeds(at *spec.Node, needs []string, name string, known []string) spec.Diagnostics {
	var ds spec.Diagnostics
	list := at.Key("needs")
	for i, need := range needs {
		pos := list.Pos()
		if items := list.Items(); i < len(items) {
			pos = items[i].Pos()
		}
		if slices.Contains(known, need) {
			continue
		}
		hint := "known are: " + strings.Join(known, ", ")
		if near := spec.Nearest(need, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		ds.Errorf(pos, hint, "%s needs %s, which is no service of this run", name, need)
	}
	return ds
}

// CheckReach warns where a service refers to a real service elsewhere that its own isolation keeps it from.
func CheckReach(p *engine.Pipeline, at *spec.Node, s *services.Settings) spec.Diagnostics {
	var ds spec.Diagnostics
	if !s.Denied() {
		return ds
	}
	for _, ref := range s.References() {
		name := named(ref)
		if strings.HasPrefix(ref, "real.") && !slices.Contains(s.Isolation.Allow, name) && elsewhere(p, name) {
			ds.Warnf(at.Key("isolation").Pos(), "add it: allow: ["+name+"]",
				"${%s} is given to a service that its isolation keeps from reaching it", ref)
		}
	}
	return ds
}

// elsewhere tells whether a real service is one that is there already.
func elsewhere(p *engine.Pipeline, name string) bool {
	for _, item := range p.Backends.Key("real").Items() {
		if item.Key("name").Text() == name {
			return Elsewhere(item)
		}
	}
	return false
}

// Elsewhere tells whether an item of a run file says nothing of how to start a service: it is there already.
func Elsewhere(item *spec.Node) bool {
	return !slices.ContainsFunc([]string{"image", "build", "compose", "command"}, func(key string) bool {
		return item.Key(key).Kind() != spec.Null
	})
}

// Unmeasured says why a metric of [Metrics] never gets a value for a service with such settings, or nothing.
func Unmeasured(name string, s *services.Settings, metric string) string {
	switch {
	case !s.Given():
		return "the service " + name + " runs elsewhere"
	case metric == "oom_kills" && !s.Contained():
		return "the service " + name + " is no container"
	case metric == "egress_violations" && !s.Denied():
		return "the service " + name + " has no isolation: {egress: deny}"
	}
	return ""
}
