package fence

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/services"
)

// checkTimeout bounds one lookup and one connection of the proof.
const checkTimeout = 2 * time.Second

const (
	reachable   = "reachable"
	unreachable = "unreachable"
)

// Addresses that stand for everywhere: they are set aside for documentation (RFC 5737, RFC 3849), and
// are only looked up in the routing tables.
var everywhere = [...]struct{ prefix, sample string }{
	{"0.0.0.0/0", "203.0.113.1"}, {"::/0", "2001:db8::1"},
}

// report proves that the fence stands, then reads the counters: the proof's own attempt goes through
// the same queue as all others, so that everything before it has been counted.
func (f *fence) report(ctx context.Context) (services.EgressReport, error) {
	proof, err := f.prove(ctx)
	if err != nil {
		return services.EgressReport{}, err
	}
	lines, err := f.routes.list()
	if err != nil {
		return services.EgressReport{}, err
	}
	for _, t := range slices.Concat(f.watch, []*tap{f.deny}) {
		n, err := t.dropped()
		if err != nil {
			return services.EgressReport{}, err
		}
		f.ledger.missed(n)
	}
	attempts, total := f.ledger.report()
	return services.EgressReport{Routes: lines, Proof: proof, Attempts: attempts, Total: total}, nil
}

// prove checks from inside what can be reached. Nothing is dialled but what the run file names, and a
// name that no one can own, which is dialled only where its address leads to the fence.
func (f *fence) prove(ctx context.Context) ([]services.EgressCheck, error) {
	var proof []services.EgressCheck
	for _, e := range everywhere {
		got := f.routes.leadsOut(netip.MustParseAddr(e.sample))
		proof = append(proof, check("route to "+e.prefix, unreachable, got))
	}
	for _, up := range f.routes.uplinks {
		got := f.routes.leadsOut(up.gateway)
		proof = append(proof, check(fmt.Sprintf("this machine at %s", up.gateway), unreachable, got))
	}
	outside, err := f.proveOutside(ctx)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	leaked := f.leaks > 0
	f.mu.Unlock()
	proof = append(proof, outside, check("packets past the fence", unreachable, leaked))
	return append(proof, f.proveAllowed(ctx)...), nil
}

// proveOutside dials a name outside, as a service would.
func (f *fence) proveOutside(ctx context.Context) (services.EgressCheck, error) {
	what := destination{host: probeName, port: 443}
	lookup, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	addrs, err := resolver().LookupNetIP(lookup, "ip4", probeName)
	if err != nil {
		return services.EgressCheck{}, fmt.Errorf("the fence's name server is not asked: %w", err)
	}
	addr := addrs[0].Unmap()
	if !standIns.Contains(addr) || f.routes.leadsOut(addr) {
		return check(what.String(), unreachable, true), nil
	}
	before := f.ledger.seen()
	got := dials(ctx, netip.AddrPortFrom(addr, what.port).String())
	if f.ledger.seen() == before {
		return services.EgressCheck{}, errors.New("the fence does not see what is sent to it")
	}
	return check(what.String(), unreachable, got), nil
}

// proveAllowed dials all that is to be reachable, at once.
func (f *fence) proveAllowed(ctx context.Context) []services.EgressCheck {
	proof := make([]services.EgressCheck, len(f.allow))
	var group errgroup.Group
	group.SetLimit(16)
	for i, d := range f.allow {
		group.Go(func() error {
			proof[i] = check(d.String(), reachable, dials(ctx, d.String()))
			return nil
		})
	}
	_ = group.Wait() // nothing in it fails
	return proof
}

// dials tells whether a TCP connection can be made.
func dials(ctx context.Context, addr string) bool {
	dialer := net.Dialer{Timeout: checkTimeout, Resolver: resolver()}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func check(what, want string, got bool) services.EgressCheck {
	c := services.EgressCheck{What: what, Want: want, Got: unreachable}
	if got {
		c.Got = reachable
	}
	return c
}
