package fence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/services"
)

// probeName is a name that no one can own (RFC 6761, 6.4): to be denied what it asks for shows that the
// fence stands.
const probeName = "outside.headgate.invalid"

// fence is a namespace that is held.
type fence struct {
	routes *routes
	ledger *ledger
	names  *names
	allow  []destination
	// deny reads what was led to the fence; watch reads what leaves by the network itself.
	deny  *tap
	watch []*tap

	mu     sync.Mutex
	passes map[netip.AddrPort]bool
	leaks  int64
}

// Hold puts up the fence in the network namespace that it runs in, tells when it stands, and answers
// requests until the context ends. It needs CAP_NET_ADMIN and CAP_NET_RAW there.
func Hold(ctx context.Context, c Config, out io.Writer) error {
	f, err := build(c)
	if err != nil {
		return err
	}
	defer f.close()
	servers, err := f.listen(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, serve := range servers {
		group.Go(func() error { return serve(ctx) })
	}
	group.Go(func() error { return f.deny.read(ctx, f.denied) })
	for _, w := range f.watch {
		group.Go(func() error { return w.read(ctx, f.left) })
	}
	group.Go(func() error { return f.announce(ctx, out) })
	return group.Wait()
}

// announce tells that the fence stands when it has been seen to stand.
func (f *fence) announce(ctx context.Context, out io.Writer) error {
	outside, err := f.locate(ctx)
	if err != nil {
		return err
	}
	check, err := f.proveOutside(ctx)
	if err != nil {
		return err
	}
	if check.Got != check.Want {
		return fmt.Errorf("%s is %s from inside", check.What, check.Got)
	}
	return json.NewEncoder(out).Encode(Ready{Ready: true, Outside: outside})
}

// build makes the fence. Its taps are open before anything is led to it.
func build(c Config) (f *fence, err error) {
	f = &fence{ledger: newLedger(probeName), passes: map[netip.AddrPort]bool{}}
	f.names = &names{ledger: f.ledger, known: map[string][]netip.Addr{}}
	for _, entry := range c.Allow {
		d, err := parseDestination(entry)
		if err != nil {
			return nil, err
		}
		f.allow = append(f.allow, d)
		f.names.learn(d.host, nil)
	}
	if err := f.readHosts(); err != nil {
		return nil, err
	}
	if f.routes, err = enclose(c); err != nil {
		return nil, err
	}
	if f.deny, err = openTap(f.routes.inner.Attrs().Index, false, nil); err != nil {
		return nil, err
	}
	for _, up := range f.routes.uplinks {
		w, err := openTap(up.index, true, openings())
		if err != nil {
			f.close()
			return nil, err
		}
		f.watch = append(f.watch, w)
	}
	return f, nil
}

func (f *fence) close() {
	f.deny.close()
	for _, w := range f.watch {
		w.close()
	}
}

// readHosts takes over what the engine wrote into the hosts file: its name server does not know it. An
// address that has one name is reported by it.
func (f *fence) readHosts() error {
	file, err := os.Open("/etc/hosts")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the hosts file: %w", err)
	}
	defer file.Close()
	hosts, err := readHosts(file)
	if err != nil {
		return err
	}
	named := map[netip.Addr][]string{}
	for name, addrs := range hosts {
		f.names.learn(name, addrs)
		for _, a := range addrs {
			named[a] = append(named[a], name)
		}
	}
	for a, all := range named {
		if len(all) == 1 {
			f.ledger.call(a, all[0])
		}
	}
	return nil
}

// denied takes a packet that was led to the fence: it is counted before it is answered, so that whoever
// has the answer has been counted.
func (f *fence) denied(packet []byte) {
	flow, ok := parse(packet)
	if !ok || !flow.opens {
		return
	}
	if !flow.dst.IsLoopback() {
		f.ledger.attempt(flow.dst, flow.dstPort)
	}
	// An answer that cannot be sent leaves the sender waiting, which its own timeout ends.
	_ = f.deny.send(refuse(flow, packet), f.routes.outer.Attrs().HardwareAddr)
}

// left takes a packet that left by the network itself, which only what is allowed should do.
func (f *fence) left(packet []byte) {
	flow, ok := parse(packet)
	if !ok || !flow.opens || f.routes.within(flow.dst) {
		return
	}
	f.mu.Lock()
	passes := f.passes[netip.AddrPortFrom(flow.dst, flow.dstPort)]
	if !passes {
		f.leaks++
	}
	f.mu.Unlock()
	if !passes {
		f.ledger.attempt(flow.dst, flow.dstPort)
	}
}

// locate lets the allowed destinations out whose addresses are known within the run, and lists the
// hosts of the others. A name of one label, or under .mock, can only be the run's own.
func (f *fence) locate(ctx context.Context) (outside []string, err error) {
	for _, d := range f.allow {
		addrs, known := f.find(ctx, d)
		if !known && strings.Contains(d.host, ".") && !strings.HasSuffix(d.host, ".mock") {
			outside = append(outside, d.host)
		}
		for _, a := range addrs {
			if err := f.pass(a, d.port); err != nil {
				return nil, err
			}
		}
	}
	return outside, nil
}

// find asks the hosts file and the engine's name server.
func (f *fence) find(ctx context.Context, d destination) ([]netip.Addr, bool) {
	if addr, ok := d.addr(); ok {
		return []netip.Addr{addr}, true
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	addrs, err := resolver().LookupNetIP(ctx, "ip", d.host)
	if err != nil {
		return nil, false
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, true
}

// pass lets an address and port out; those on the run's networks are reachable anyway.
func (f *fence) pass(addr netip.Addr, port uint16) error {
	if f.routes.within(addr) || addr.IsLoopback() {
		return nil
	}
	open, err := f.routes.open(addr, port)
	if open {
		f.mu.Lock()
		f.passes[netip.AddrPortFrom(addr, port)] = true
		f.mu.Unlock()
	}
	return err
}

// learn lets the allowed destinations of named hosts out by the addresses that they have outside.
func (f *fence) learn(hosts map[string][]netip.Addr) error {
	for host, addrs := range hosts {
		name := canonical(host)
		for _, a := range addrs {
			f.ledger.call(a.Unmap(), name)
			f.names.learn(name, []netip.Addr{a.Unmap()})
			for _, d := range f.allow {
				if d.host != name {
					continue
				}
				if err := f.pass(a.Unmap(), d.port); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// answer meets a request.
func (f *fence) answer(ctx context.Context, q Request) (services.EgressReport, error) {
	if err := f.learn(q.Learn); err != nil || !q.Report {
		return services.EgressReport{}, err
	}
	return f.report(ctx)
}

// resolver asks like a service would, without the C library.
func resolver() *net.Resolver { return &net.Resolver{PreferGo: true} }
