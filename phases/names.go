package phases

import (
	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
)

// checkNames finds services of the same name in different lists: they would have one log, and one name on
// the run's network.
func checkNames(p *engine.Pipeline, ds *spec.Diagnostics) {
	type first struct {
		list string
		pos  spec.Pos
	}
	seen := map[string]first{}
	for _, l := range []struct {
		name  string
		items []*spec.Node
	}{
		{"mocks", p.Backends.Key("mocks").Items()},
		{"real", p.Backends.Key("real").Items()},
		{"databases", p.Backends.Key("databases").Items()},
		{"apps", p.SUT.Key("apps").Items()},
	} {
		for _, item := range l.items {
			name := item.Key("name")
			before, taken := seen[name.Text()]
			switch {
			case name.Text() == "" || !starts(l.name, item):
			case !taken:
				seen[name.Text()] = first{l.name, name.Pos()}
			case before.list != l.name: // within a list, its phase tells
				ds.Errorf(name.Pos(), "choose another name",
					"%s is the name of one of the %s as well, at %s", name.Text(), before.list, before.pos)
			}
		}
	}
}

// starts tells whether an item stands for something that the run starts outside of this process.
func starts(list string, item *spec.Node) bool {
	switch list {
	case "mocks":
		return item.Key("engine").Text() == "wiremock"
	case "real":
		return !fleet.Elsewhere(item)
	}
	return true
}
