package terminal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
)

// egress prints what services tried to reach and were kept from.
func (r *Reporter) egress(rep *engine.Report) {
	var rows [][]string
	for _, s := range rep.Services {
		if s.Egress == nil {
			continue
		}
		for _, a := range s.Egress.Attempts {
			rows = append(rows, []string{s.Name, a.Destination(), strconv.FormatInt(a.Count, 10)})
		}
	}
	r.table("Attempts to reach what isolation does not allow", []column{
		text("service"), long("destination"), number("attempts"),
	}, rows)
}

// timings prints how everything came up, and how close that was to the slowest chain.
func (r *Reporter) timings(rep *engine.Report) {
	if !r.style.Timings || len(rep.BringUp) == 0 {
		return
	}
	var rows [][]string
	var wall, chain float64
	var slowest []string
	for _, b := range rep.BringUp {
		wall, chain, slowest = wall+b.Seconds, chain+b.ChainSeconds, append(slowest, b.Chain...)
		for _, s := range b.Steps {
			rows = append(rows, []string{
				b.Phase, s.Name, moment(s.WaitedSeconds), moment(s.StartedSeconds), moment(s.ReadySeconds),
				seconds(max(0, s.ReadySeconds-s.WaitedSeconds)),
			})
		}
	}
	verbose := r.style.Verbose
	r.style.Verbose = true // it was asked for: every row
	r.table("Bring-up, from the beginning of each phase", []column{
		text("phase"), long("what"), number("waited until"), number("started"), number("ready"), number("took"),
	}, rows)
	r.style.Verbose = verbose
	ratio := ""
	if chain > 0 {
		ratio = fmt.Sprintf(", %.2f times the slowest chain within each phase", wall/chain)
	}
	r.out.line("  brought up in %s%s (%s: %s)", seconds(wall), ratio, strings.Join(slowest, ", "), seconds(chain))
}

func moment(s float64) string {
	if s == 0 {
		return "-"
	}
	return seconds(s)
}
