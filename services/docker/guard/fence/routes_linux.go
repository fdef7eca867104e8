package fence

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The routing tables and rules of a fence, in the order in which rules are asked. After them comes the
// main table, with the run's network and a default route to the fence.
const (
	tableOut   = 100 // the way out that there was before
	tableFence = 101 // everything to the fence

	ruleAllowed = 1000 // what may be reached
	ruleAnswers = 1001 // what the service answers from its ports
	ruleMachine = 1002 // this machine, which is on the run's network
)

// uplink is a default route as it was before the fence.
type uplink struct {
	family  int
	gateway netip.Addr
	index   int
}

// routes are the routes of a network namespace with a fence.
type routes struct {
	uplinks []uplink
	outer   netlink.Link // where packets for elsewhere go in
	inner   netlink.Link // where they are read
	// onLink are the networks that the namespace is part of.
	onLink []netip.Prefix
}

// fenceAddress is the source of packets by IPv6, which has no address of its own otherwise: one that no
// other network uses (RFC 4193).
const fenceAddress = "fd68:6467:6174:6500::1/128"

// enclose takes every way out away, and leads to the fence instead.
func enclose(c Config) (*routes, error) {
	r := &routes{}
	if err := r.connect(); err != nil {
		return nil, fmt.Errorf("making the fence's interfaces: %w", err)
	}
	if err := r.cut(); err != nil {
		return nil, fmt.Errorf("taking the default route away: %w", err)
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if err := r.lead(family); err != nil {
			return nil, fmt.Errorf("leading the default route to the fence: %w", err)
		}
	}
	for _, up := range r.uplinks {
		if err := r.keep(up, c); err != nil {
			return nil, fmt.Errorf("keeping the way back for answers: %w", err)
		}
	}
	return r, nil
}

// connect makes the veth pair. Without ARP no one has to answer for the addresses behind it.
func (r *routes) connect() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "headgate0"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "headgate1"}); err != nil {
		return err
	}
	var err error
	if r.outer, err = netlink.LinkByName("headgate0"); err != nil {
		return err
	}
	if r.inner, err = netlink.LinkByName("headgate1"); err != nil {
		return err
	}
	return errors.Join(netlink.LinkSetARPOff(r.outer), netlink.LinkSetUp(r.inner), netlink.LinkSetUp(r.outer))
}

// cut removes all routes by way of a gateway, and remembers the default ones.
func (r *routes) cut() error {
	all, err := mainRoutes(unix.AF_UNSPEC)
	if err != nil {
		return err
	}
	for _, route := range all {
		if isDefault(route) || route.Gw != nil || len(route.MultiPath) > 0 {
			if err := netlink.RouteDel(&route); err != nil {
				return fmt.Errorf("removing %s: %w", routeText(route), err)
			}
		}
		gateway, ok := netip.AddrFromSlice(route.Gw)
		switch {
		case isDefault(route) && ok:
			up := uplink{family: route.Family, gateway: gateway.Unmap(), index: route.LinkIndex}
			r.uplinks = append(r.uplinks, up)
		case route.Gw == nil && route.Dst != nil && route.LinkIndex != r.outer.Attrs().Index:
			r.onLink = append(r.onLink, prefix(route.Dst))
		}
	}
	return nil
}

// lead makes the fence the way to everywhere.
func (r *routes) lead(family int) error {
	index := r.outer.Attrs().Index
	everywhere := network(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	if family == unix.AF_INET6 {
		everywhere = network(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
		if err := r.address6(); err != nil {
			return nil //nolint:nilerr // without IPv6 on the machine there is nothing to lead
		}
	}
	for _, table := range []int{unix.RT_TABLE_MAIN, tableFence} {
		route := &netlink.Route{LinkIndex: index, Dst: everywhere, Table: table, Family: family}
		if family == unix.AF_INET {
			route.Scope, route.Src = netlink.SCOPE_LINK, r.source()
		}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("adding %s: %w", routeText(*route), err)
		}
	}
	return nil
}

func (r *routes) address6() error {
	addr, err := netlink.ParseAddr(fenceAddress)
	if err != nil {
		return err
	}
	addr.Flags = unix.IFA_F_NODAD
	return netlink.AddrAdd(r.outer, addr)
}

// source is the address that the namespace has on its first network, or nil.
func (r *routes) source() net.IP {
	for _, up := range r.uplinks {
		link, err := netlink.LinkByIndex(up.index)
		if err != nil {
			continue
		}
		addrs, err := netlink.AddrList(link, unix.AF_INET)
		if err == nil && len(addrs) > 0 {
			return addrs[0].IP
		}
	}
	return nil
}

// keep leaves the way back for what the service answers, and takes this machine, whose bridge is the
// gateway, off the networks that can be reached.
func (r *routes) keep(up uplink, c Config) error {
	if err := r.keepRoutes(up); err != nil {
		return err
	}
	machine := network(netip.PrefixFrom(up.gateway, up.gateway.BitLen()))
	for _, port := range c.Ports {
		rule := newRule(ruleAnswers, up.family, tableOut)
		rule.IPProto = unix.IPPROTO_TCP
		rule.Sport = netlink.NewRulePortRange(uint16(port), uint16(port))
		if !c.Anyone {
			rule.Dst = machine
		}
		if err := netlink.RuleAdd(rule); err != nil {
			return fmt.Errorf("adding a rule for port %d (Linux 4.17 or newer is needed): %w", port, err)
		}
	}
	rule := newRule(ruleMachine, up.family, tableFence)
	rule.Dst = machine
	return netlink.RuleAdd(rule)
}

// keepRoutes copies the routes as they were before into the table for the way out.
func (r *routes) keepRoutes(up uplink) error {
	for _, p := range r.onLink {
		if p.Addr().Is4() != up.gateway.Is4() || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		on := &netlink.Route{LinkIndex: up.index, Dst: network(p), Table: tableOut, Scope: netlink.SCOPE_LINK}
		if up.family == unix.AF_INET6 {
			on.Scope = netlink.SCOPE_UNIVERSE
		}
		if err := netlink.RouteAdd(on); err != nil {
			return fmt.Errorf("adding %s: %w", routeText(*on), err)
		}
	}
	unspecified := netip.IPv4Unspecified()
	if up.family == unix.AF_INET6 {
		unspecified = netip.IPv6Unspecified()
	}
	out := &netlink.Route{
		LinkIndex: up.index, Gw: up.gateway.AsSlice(), Table: tableOut,
		Dst: network(netip.PrefixFrom(unspecified, 0)), Flags: int(netlink.FLAG_ONLINK),
	}
	if err := netlink.RouteAdd(out); err != nil {
		return fmt.Errorf("adding %s: %w", routeText(*out), err)
	}
	return nil
}

// open lets TCP and UDP to one port of one address out. It is false where there is no way out for that
// kind of address.
func (r *routes) open(addr netip.Addr, port uint16) (bool, error) {
	for _, up := range r.uplinks {
		if up.gateway.Is4() != addr.Is4() {
			continue
		}
		for _, proto := range []int{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
			rule := newRule(ruleAllowed, up.family, tableOut)
			rule.Dst = network(netip.PrefixFrom(addr, addr.BitLen()))
			rule.IPProto, rule.Dport = proto, netlink.NewRulePortRange(port, port)
			if err := netlink.RuleAdd(rule); err != nil && !errors.Is(err, unix.EEXIST) {
				return false, fmt.Errorf("letting %s port %d out: %w", addr, port, err)
			}
		}
		return true, nil
	}
	return false, nil
}

// leadsOut tells whether a packet to an address would go elsewhere than to the fence.
func (r *routes) leadsOut(addr netip.Addr) bool {
	found, err := netlink.RouteGet(addr.AsSlice())
	return err == nil && (len(found) == 0 || found[0].LinkIndex != r.outer.Attrs().Index)
}

// within tells whether an address is on one of the run's networks and is not this machine, which also has
// an address of the link there.
func (r *routes) within(addr netip.Addr) bool {
	if addr.IsLinkLocalUnicast() {
		return false
	}
	for _, up := range r.uplinks {
		if up.gateway == addr {
			return false
		}
	}
	for _, p := range r.onLink {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func newRule(priority, family, table int) *netlink.Rule {
	rule := netlink.NewRule()
	rule.Priority, rule.Family, rule.Table = priority, family, table
	return rule
}

func mainRoutes(family int) ([]netlink.Route, error) {
	filter := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	found, err := netlink.RouteListFiltered(family, filter, netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil, fmt.Errorf("reading the routes: %w", err)
	}
	return found, nil
}

func isDefault(r netlink.Route) bool {
	if r.Dst == nil {
		return true
	}
	ones, _ := r.Dst.Mask.Size()
	return ones == 0
}

func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefix(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), ones)
}
