package fence

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// names answers the questions for names that the run's own name server does not know. It is used from
// several goroutines.
type names struct {
	ledger *ledger
	mu     sync.Mutex
	// known are the addresses of names that may be resolved: those of the hosts file and the allowed
	// ones. A name without addresses is one that is not known yet, or not up.
	known map[string][]netip.Addr
}

// learn makes a name resolve to addresses.
func (n *names) learn(name string, addrs []netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[name] = append(n.known[name], addrs...)
}

func (n *names) addresses(name string) (addrs []netip.Addr, known bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addrs, known = n.known[name]
	return addrs, known
}

// ttl has clients ask again each time they dial, in seconds.
const ttl = 1

// answer answers a message in the form of RFC 1035.
func (n *names) answer(query []byte) ([]byte, error) {
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil {
		return nil, fmt.Errorf("reading a DNS header: %w", err)
	}
	q, err := p.Question()
	if err != nil {
		return nil, fmt.Errorf("reading a DNS question: %w", err)
	}
	rcode, addrs := n.resolve(q)
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: head.ID, Response: true, RCode: rcode, Authoritative: true,
			RecursionDesired: head.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{q},
	}
	for _, a := range addrs {
		if r, fits := record(q, a); fits {
			reply.Answers = append(reply.Answers, r)
		}
	}
	return reply.Pack()
}

// resolve says what a name stands for. Questions for the name of an address are answered without being
// counted: they are what a service asks about those that call it.
func (n *names) resolve(q dnsmessage.Question) (dnsmessage.RCode, []netip.Addr) {
	name := canonical(q.Name.String())
	if name == "arpa" || strings.HasSuffix(name, ".arpa") {
		return dnsmessage.RCodeNameError, nil
	}
	if addrs, known := n.addresses(name); known {
		if len(addrs) == 0 {
			return dnsmessage.RCodeNameError, nil
		}
		return dnsmessage.RCodeSuccess, addrs
	}
	addr, ok := n.ledger.lookup(name, uint16(q.Type))
	if !ok {
		return dnsmessage.RCodeServerFailure, nil
	}
	return dnsmessage.RCodeSuccess, []netip.Addr{addr}
}

// record is the answer that gives an address, where the question is for that kind of address.
func record(q dnsmessage.Question, a netip.Addr) (r dnsmessage.Resource, fits bool) {
	r.Header = dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET, TTL: ttl}
	switch {
	case q.Type == dnsmessage.TypeA && a.Is4():
		r.Body = &dnsmessage.AResource{A: a.As4()}
	case q.Type == dnsmessage.TypeAAAA && a.Is6():
		r.Body = &dnsmessage.AAAAResource{AAAA: a.As16()}
	default:
		return r, false
	}
	return r, true
}

// readHosts reads a hosts file: an address and its names on each line.
func readHosts(r io.Reader) (map[string][]netip.Addr, error) {
	hosts := map[string][]netip.Addr{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			hosts[canonical(name)] = append(hosts[canonical(name)], addr.WithZone("").Unmap())
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the hosts file: %w", err)
	}
	return hosts, nil
}
