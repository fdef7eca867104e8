package fence

import (
	"fmt"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// list gives the rules and routes of the namespace in the form of "ip rule" and "ip route".
func (r *routes) list() ([]string, error) {
	var lines []string
	rules, err := netlink.RuleList(unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("reading the routing rules: %w", err)
	}
	for _, rule := range rules {
		if rule.Priority >= ruleAllowed && rule.Priority <= ruleMachine {
			lines = append(lines, ruleText(rule))
		}
	}
	for _, table := range []int{unix.RT_TABLE_MAIN, tableOut, tableFence} {
		filter := &netlink.Route{Table: table}
		found, err := netlink.RouteListFiltered(unix.AF_UNSPEC, filter, netlink.RT_FILTER_TABLE)
		if err != nil {
			return nil, fmt.Errorf("reading the routes of table %d: %w", table, err)
		}
		for _, route := range found {
			lines = append(lines, routeText(route))
		}
	}
	return lines, nil
}

func ruleText(r netlink.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: from all", r.Priority)
	if r.Dst != nil {
		fmt.Fprintf(&b, " to %s", r.Dst.IP)
	}
	switch r.IPProto {
	case unix.IPPROTO_TCP:
		b.WriteString(" ipproto tcp")
	case unix.IPPROTO_UDP:
		b.WriteString(" ipproto udp")
	}
	if r.Sport != nil {
		fmt.Fprintf(&b, " sport %d", r.Sport.Start)
	}
	if r.Dport != nil {
		fmt.Fprintf(&b, " dport %d", r.Dport.Start)
	}
	fmt.Fprintf(&b, " lookup %d", r.Table)
	return b.String()
}

func routeText(r netlink.Route) string {
	var b strings.Builder
	if isDefault(r) {
		b.WriteString("default")
	} else {
		b.WriteString(r.Dst.String())
	}
	if r.Gw != nil {
		fmt.Fprintf(&b, " via %s", r.Gw)
	}
	if link, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
		fmt.Fprintf(&b, " dev %s", link.Attrs().Name)
	}
	if r.Src != nil {
		fmt.Fprintf(&b, " src %s", r.Src)
	}
	if r.Table != unix.RT_TABLE_MAIN && r.Table != 0 {
		fmt.Fprintf(&b, " table %d", r.Table)
	}
	return b.String()
}
