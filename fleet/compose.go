package fleet

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/compose"
)

// Dependency is a service of a compose file that others depend on and the run file does not name.
type Dependency struct {
	Name     string
	Settings services.Settings
}

// composed is a compose file and what the run file makes of it.
type composed struct {
	*compose.Project
	path  string            // absolute
	names map[string]string // service to name in the run file
	file  string            // as written
}

// name is what a service of the file is called in the run: where the run file does not take it over, it
// keeps its name.
func (c *composed) name(service string) string {
	if name, ok := c.names[service]; ok {
		return name
	}
	return service
}

// Compose reads the compose files that the pipeline takes services from. It returns what those depend on
// and the run file does not name: it comes up with the backends.
func (f *Fleet) Compose(ctx context.Context, p *engine.Pipeline) ([]Dependency, spec.Diagnostics) {
	var ds spec.Diagnostics
	items := p.SUT.Key("apps").Items()
	for _, list := range []string{"mocks", "real", "databases"} {
		items = slices.Concat(items, p.Backends.Key(list).Items())
	}
	taken := map[string]bool{}
	for _, item := range items {
		taken[item.Key("name").Text()] = true
		if err := f.take(ctx, p, item); err != nil {
			ds.Errorf(item.Key("compose").Pos(), "", "%s: %v", item.Key("name").Text(), err)
		}
	}
	var found []Dependency
	for _, c := range f.files {
		for _, service := range c.closure(taken) {
			taken[service] = true
			found = append(found, Dependency{
				Name: service, Settings: services.Settings{Compose: services.ComposeSettings{File: c.file, Service: service}},
			})
		}
	}
	return found, ds
}

// take reads the compose file that an item names, if it names one, and notes the item's service.
func (f *Fleet) take(ctx context.Context, p *engine.Pipeline, item *spec.Node) error {
	at := item.Key("compose")
	if at.Kind() != spec.Map {
		return nil
	}
	s := services.ComposeSettings{File: at.Key("file").Text(), Service: at.Key("service").Text()}
	path := p.Resolve(s.Path())
	c := f.file(path)
	if c == nil {
		project, err := compose.Load(ctx, path)
		if err != nil {
			return err
		}
		c = &composed{Project: project, path: path, names: map[string]string{}, file: s.Path()}
		f.files = append(f.files, c)
	}
	name := item.Key("name").Text()
	c.names[cmp.Or(s.Service, name)] = name
	return nil
}

// closure lists the services that those taken over depend on, directly or not, and nobody has taken over.
func (c *composed) closure(taken map[string]bool) []string {
	var found []string
	var queue []string
	for service := range c.names {
		queue = append(queue, service)
	}
	slices.Sort(queue)
	for len(queue) > 0 {
		for _, need := range c.Needs(queue[0]) {
			if taken[c.name(need)] || slices.Contains(found, need) {
				continue
			}
			found = append(found, need)
			queue = append(queue, need)
		}
		queue = queue[1:]
	}
	return found
}

func (f *Fleet) file(path string) *composed {
	for _, c := range f.files {
		if c.path == path {
			return c
		}
	}
	return nil
}

// Settle fills in what the settings of a service take from a compose file. Settings without one stay as
// they are.
func (f *Fleet) Settle(p *engine.Pipeline, at *spec.Node, name string, s *services.Settings) spec.Diagnostics {
	var ds spec.Diagnostics
	if s.Compose == (services.ComposeSettings{}) {
		return ds
	}
	c := f.file(p.Resolve(s.Compose.Path()))
	if c == nil {
		return ds // it could not be read, which is told already
	}
	service := cmp.Or(s.Compose.Service, name)
	base, err := c.Settings(service)
	if err != nil {
		ds.Errorf(at.Key("compose").Pos(), "", "%s: %v", name, err)
		return ds
	}
	s.Over(base)
	for _, need := range c.Needs(service) {
		of := c.name(need)
		s.Needs = append(s.Needs, of)
		s.Peers = append(s.Peers, services.Peer{Name: need, Of: of, Port: c.Port(need)})
	}
	return ds
}

// peers makes what a service calls by the names of a compose file reachable by these names.
func (v *view) peers() {
	for _, peer := range v.settings.Peers {
		for _, scope := range []string{"mocks", "databases", "real", "apps"} {
			ref := scope + "." + peer.Of + ".url"
			outside, ok := v.run.Lookup(ref)
			if !ok {
				continue
			}
			if inside, _ := v.run.LookupInside(ref); inside != outside {
				v.reachInside(inside, peer)
				break
			}
			v.stand(ref, outside, peer)
			break
		}
	}
}

// stand makes something at this machine's loopback answer in place of a service of a compose file, at its
// port. Settings that refer to it themselves do not need that.
func (v *view) stand(ref, outside string, peer services.Peer) {
	at, loopback := loopbackOf(outside)
	if !loopback || slices.Contains(v.settings.References(), ref) {
		return
	}
	if _, _, err := v.relay(peer.Name, peer.Port, at); err != nil {
		v.errs = append(v.errs, &engine.Fault{
			Verdict: engine.Environment, Err: err,
			Hint: "give the address in the run file instead: env: {NAME_OF_THE_VARIABLE: ${" + ref + "}}",
		})
		return
	}
	v.add(joined(peer.Name, peer.Port))
}

// reachInside allows a container to be called, by its own name and by the one of the compose file.
func (v *view) reachInside(inside string, peer services.Peer) {
	at := strings.TrimPrefix(inside, "http://")
	if peer.Port != 0 {
		at = joined(peer.Name, peer.Port)
	}
	v.add(at)
}
