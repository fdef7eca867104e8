package formats

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/store"
)

// Options say what captures cannot tell themselves. The zero value leaves them as they are: what does
// not tell its direction is inbound.
type Options struct {
	// Direction is that of all records, also where the capture says another; empty leaves it to the
	// capture and the rules below.
	Direction traffic.Direction
	// InboundPorts are the server ports of the service under test: in captures that do not tell the
	// direction, requests to them are inbound and all others outbound.
	InboundPorts []int
	// Service is who answered where the capture and Hosts do not tell: the service under test, for
	// inbound records; the dependency, where Direction is outbound.
	Service string
	// Hosts leads from the host of a request, with or without its port, in lower case, to the service
	// that answered. In captures that do not tell the direction, and without InboundPorts, requests to
	// these hosts are outbound unless that service is Service.
	Hosts map[string]string
	// Stores are where captures are opened; nil finds the store of each anew.
	Stores *store.Stores `json:"-"`
}

// label has the records of a reader labelled.
func (o Options) label(f found) traffic.Reader {
	switch {
	case f.format == nil:
		return f.Reader
	case f.format.directed && o.Direction == "" && o.Service == "" && len(o.Hosts) == 0:
		return f.Reader
	}
	return &labelled{Reader: f.Reader, options: o, format: f.format}
}

type labelled struct {
	traffic.Reader
	options Options
	format  *format
	// assumed counts the records that are inbound only because nothing says otherwise, hosts are their hosts.
	assumed int
	hosts   []string
}

// Read implements [traffic.Reader].
func (l *labelled) Read() (*traffic.Record, error) {
	record, err := l.Reader.Read()
	if err == nil {
		l.set(record)
	}
	return record, err
}

func (l *labelled) set(r *traffic.Record) {
	o := l.options
	service, named := o.service(r.Request.Host)
	switch {
	case r.Protocol == traffic.Postgres: // queries are sent by the service, whatever is said of the capture
	case o.Direction != "":
		r.Direction = o.Direction
	case l.format.directed:
	case len(o.InboundPorts) > 0:
		if !l.format.ported {
			r.Direction = direction(slices.Contains(o.InboundPorts, port(r.Request.Host)))
		}
	case named:
		r.Direction = direction(service == o.Service)
	default:
		l.assume(r.Request.Host)
	}
	if named {
		r.Service = service
	}
	if r.Service == "" && (r.Direction == traffic.Inbound || o.Direction == traffic.Outbound) {
		r.Service = o.Service
	}
	if r.Service == "" && r.Direction == traffic.Outbound {
		r.Service = r.Request.Host
	}
}

// mostAssumed is how many hosts of assumed records are told apart.
const mostAssumed = 10

// assume counts a record that nothing tells the direction of.
func (l *labelled) assume(host string) {
	l.assumed++
	l.hosts = withHosts(l.hosts, host)
}

// withHosts adds hosts to a short list, each once.
func withHosts(list []string, hosts ...string) []string {
	for _, host := range hosts {
		if len(list) < mostAssumed && !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	return list
}

func direction(inbound bool) traffic.Direction {
	if inbound {
		return traffic.Inbound
	}
	return traffic.Outbound
}

// service finds who answers at a host.
func (o Options) service(host string) (name string, ok bool) {
	host = strings.ToLower(host)
	if name, ok = o.Hosts[host]; ok {
		return name, ok
	}
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name, ok = o.Hosts[bare]
	}
	return name, ok
}

// port is that of a Host header, which names none where it is the usual one of http.
func port(host string) int {
	const usual = 80
	_, text, err := net.SplitHostPort(host)
	if err != nil {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return usual
	}
	return n
}
