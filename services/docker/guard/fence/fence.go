// Package fence is what runs inside of a guard: it holds a network namespace for a service, lets
// nothing leave it but what is allowed, answers what is denied at once, counts it by name, and proves
// from inside that the fence stands.
//
// No packet filter is needed for it, only routes. Every packet for elsewhere is routed to one end of a
// veth pair, at whose other end this package reads it, notes where it was going and answers with a
// refusal. What is allowed leaves by a routing rule for its address and port. The names of everything
// else resolve to addresses set aside for benchmarks (RFC 2544, 198.18.0.0/15), each standing for one
// name, so that an attempt is known by the name that was asked for.
package fence

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/services"
)

// Nameserver is the address of the fence's own name server; the engine's name server is to ask it for
// the names that it does not know itself.
const Nameserver = "127.0.0.1"

// Config says what a fence lets through.
type Config struct {
	// Ports are the TCP ports that the service is reached at: answers leave from them.
	Ports []int `json:"ports"`
	// Anyone tells that answers leave for everywhere, not just for this machine, because the ports are
	// published beyond its loopback.
	Anyone bool `json:"anyone"`
	// Allow are the destinations that may be reached, as host:port.
	Allow []string `json:"allow"`
}

// Ready is what the fence writes, as one line of JSON, when it stands or has to give up.
type Ready struct {
	Ready bool `json:"ready"`
	// Outside are the hosts of Config.Allow that are not known within the run: they are reachable only
	// once their addresses have been told by Request.Learn.
	Outside []string `json:"outside,omitempty"`
	// Error says why there is no fence.
	Error string `json:"error,omitempty"`
}

// Request is what a standing fence can be asked for.
type Request struct {
	// Learn gives the addresses of hosts of Config.Allow.
	Learn map[string][]netip.Addr `json:"learn,omitempty"`
	// Report asks for the attempts so far and a new proof.
	Report bool `json:"report,omitempty"`
}

// Response is the fence's answer to a [Request].
type Response struct {
	Report services.EgressReport `json:"report"`
	// Error says why the request could not be met.
	Error string `json:"error,omitempty"`
}

// destination is a parsed entry of Config.Allow.
type destination struct {
	host string
	port uint16
}

func (d destination) String() string { return net.JoinHostPort(d.host, strconv.Itoa(int(d.port))) }

// addr is the destination's address where the host is one.
func (d destination) addr() (netip.Addr, bool) {
	a, err := netip.ParseAddr(d.host)
	return a.Unmap(), err == nil
}

// Check tells what is wrong with an entry of Config.Allow.
func Check(entry string) error {
	_, err := parseDestination(entry)
	return err
}

func parseDestination(entry string) (destination, error) {
	host, text, err := net.SplitHostPort(entry)
	if err != nil {
		return destination{}, fmt.Errorf("isolation: allow: %q is not host:port, such as api.example.com:443", entry)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return destination{}, fmt.Errorf("isolation: allow: %q needs a host and a port from 1 to 65535", entry)
	}
	return destination{host: canonical(host), port: uint16(port)}, nil
}

// canonical is a host name in the form in which names are compared.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
