package formats

import (
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Direction holds the settings under `traffic.direction` in a run file: which records are inbound and which are
// calls to dependencies, in captures that do not tell it themselves. Without them such records are inbound.
type Direction struct {
	// Server ports of the service under test: requests to them are inbound, all others outbound.
	InboundPorts []int `yaml:"inbound_ports"`
	// Hosts of requests and the service that answers there, such as payments.example.com: payment-api. Requests
	// to them are outbound unless it is the service under test, which service names.
	Hosts map[string]string `yaml:"hosts"`
	// Name of the service under test.
	Service string `yaml:"service"`
}

// UnmarshalSpec reads the settings and checks them.
func (d *Direction) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type plain Direction
	ds := spec.Decode(n, (*plain)(d))
	const last = 65535
	for i, port := range d.InboundPorts {
		if items := n.Key("inbound_ports").Items(); (port < 1 || port > last) && i < len(items) {
			ds.Errorf(items[i].Pos(), "", "%d is no port: expected a number from 1 to %d", port, last)
		}
	}
	for _, e := range n.Key("hosts").Entries() {
		switch {
		case e.Key == "" || strings.ContainsAny(e.Key, "/ "):
			ds.Errorf(e.Pos, "write a host name without scheme and path, such as payments.example.com",
				"%q is no host", e.Key)
		case e.Value.Text() == "":
			ds.Errorf(e.Pos, fmt.Sprintf("write %s: payment-api", e.Key), "the host %s has no service", e.Key)
		}
	}
	return ds
}

// Options are the settings for reading.
func (d Direction) Options() Options {
	o := Options{InboundPorts: d.InboundPorts, Service: d.Service}
	for host, service := range d.Hosts {
		if o.Hosts == nil {
			o.Hosts = make(map[string]string, len(d.Hosts))
		}
		o.Hosts[strings.ToLower(host)] = service
	}
	return o
}
