package fleet

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// literals finds addresses of the run that the settings write out, such as http://payment-api.mock:8080 or
// orders-db:5432, and makes them reachable. Mocks of this process answer at the port that is written.
func (v *view) literals(p *engine.Pipeline, s services.Service) {
	if v.site == nil {
		return
	}
	text := strings.Join(slices.Concat(s.Env, s.Command, s.Container.Entrypoint), "\n")
	for _, name := range p.Metrics.Subjects("mocks") {
		ref := "mocks." + name + ".url"
		outside, ok := v.run.Lookup(ref)
		if inside, _ := v.run.LookupInside(ref); ok && inside == outside {
			v.writtenMock(ref, name, outside, text)
		}
	}
	for _, scope := range []string{"mocks", "databases", "real", "apps"} {
		for _, name := range p.Metrics.Subjects(scope) {
			inside, ok := v.run.LookupInside(scope + "." + name + ".url")
			if u, err := url.Parse(inside); ok && err == nil && u.Host != "" && strings.Contains(text, u.Host) {
				v.add(hostPort(u))
			}
		}
	}
}

// writtenMock has a mock of this process answer at each NAME.mock:PORT that is written.
func (v *view) writtenMock(ref, name, outside, text string) {
	at, loopback := loopbackOf(outside)
	if !loopback {
		return
	}
	host := name + ".mock"
	written := regexp.MustCompile(`(?:^|[^\w.-])` + regexp.QuoteMeta(host) + `(?::(\d{1,5}))?`)
	for _, found := range written.FindAllStringSubmatch(text, -1) {
		port, err := strconv.Atoi(found[1])
		if err != nil {
			port = 80
		}
		if v.relayed(joined(host, port)) {
			continue
		}
		if _, _, err := v.relay(host, port, at); err != nil {
			v.errs = append(v.errs, &engine.Fault{
				Verdict: engine.Environment, Err: err, Hint: "write ${" + ref + "} in place of " + joined(host, port),
			})
			continue
		}
		v.add(joined(host, port))
	}
}

// relayed tells whether the address is one that ${...} was filled in with.
func (v *view) relayed(endpoint string) bool { return slices.Contains(v.reach, endpoint) }
