package safety

import (
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// Guard judges the traffic of a run, as the transforms leave it. It is for one goroutine at a time; a nil Guard
// finds nothing.
type Guard struct {
	config  Config
	scanner *Scanner
	report  Report
	// stubs is the report on what no transform changes.
	stubs Report
	// used counts what each entry of Allow has allowed.
	used   []int
	judged int
}

// New makes a guard, nil where it is off. Without a mode in the settings it is the given one.
func New(c Config, otherwise Mode) *Guard {
	if c.Mode == "" {
		c.Mode = otherwise
	}
	if c.Mode == Off {
		return nil
	}
	return &Guard{config: c, scanner: NewScanner(), used: make([]int, len(c.Allow))}
}

// Judge looks at a record as it is sent or stubbed. Recorded is the same record before the transforms (see
// [Before]): what they have put in is not found, only what was there already.
func (g *Guard) Judge(recorded, sent *traffic.Record) {
	if g == nil {
		return
	}
	g.judged++
	endpoint, known := "", map[string]bool(nil)
	g.scanner.Scan(sent, func(f Finding) {
		if endpoint == "" {
			endpoint = g.scanner.Endpoint(sent)
			if recorded != sent {
				known = values(recorded)
			}
		}
		if known != nil && !known[f.Value] || g.allows(f, endpoint) {
			return
		}
		g.report.Add(sent, endpoint, f)
	})
}

// JudgeStub looks at an answer that is written by hand and not changed by transforms.
func (g *Guard) JudgeStub(r *traffic.Record) {
	if g == nil {
		return
	}
	g.judged++
	g.scanner.Scan(r, func(f Finding) {
		if endpoint := g.scanner.Endpoint(r); !g.allows(f, endpoint) {
			g.stubs.Add(r, endpoint, f)
		}
	})
}

// Before is a record as it is now, for Judge: transforms put other headers and bodies in place of those of a
// record, and leave the old ones as they are.
func Before(r *traffic.Record) *traffic.Record {
	out := *r
	if r.Request != nil {
		request := *r.Request
		out.Request = &request
	}
	if r.Response != nil {
		response := *r.Response
		out.Response = &response
	}
	return &out
}

// values are those that are found in a record.
func values(r *traffic.Record) map[string]bool {
	found := map[string]bool{}
	NewScanner().Scan(r, func(f Finding) { found[f.Value] = true })
	return found
}

func (g *Guard) allows(f Finding, endpoint string) bool {
	for i := range g.config.Allow {
		if g.config.Allow[i].covers(f, endpoint) {
			g.used[i]++
			return true
		}
	}
	return false
}

// mostTold is how many places are told one by one.
const mostTold = 10

// Check is called when all traffic was judged. At is the place of what is told where the settings have none.
func (g *Guard) Check(at spec.Pos) (ds spec.Diagnostics) {
	if g == nil {
		return nil
	}
	if g.config.node != nil {
		at = g.config.node.Pos()
	}
	for i, n := range g.used {
		if n == 0 && g.judged > 0 {
			ds.Warnf(g.config.Allow[i].node.Pos(), "check its spelling, or leave it out",
				"traffic.safety.allow: it allows nothing: no %s is found there", g.config.Allow[i].Kind)
		}
	}
	traffic, stubs := g.report.Summed(), g.stubs.Summed()
	if g.config.Mode == Refuse {
		refuse("the traffic holds", traffic, Found.advice, at, &ds)
		refuse("the stubs hold", stubs, Found.stubAdvice, at, &ds)
		return ds
	}
	if len(traffic) > 0 {
		ds.Warnf(at, "headgate inspect lists all; conceal them with traffic.transforms, or allow them in traffic.safety",
			"the traffic holds secrets or personal data: %s", summed(traffic))
	}
	if len(stubs) > 0 {
		ds.Warnf(at, "take them out of the mappings, or allow them in traffic.safety",
			"the stubs hold secrets or personal data: %s", summed(stubs))
	}
	return ds
}

func refuse(what string, list []Found, advice func(Found) string, at spec.Pos, ds *spec.Diagnostics) {
	for i, f := range list {
		if i == mostTold {
			ds.Errorf(at, "headgate inspect lists them", "%d more places hold secrets or personal data", len(list)-i)
			return
		}
		ds.Errorf(at, advice(f), "%s %s: %s (record %s)", what, f, f.Sample, f.Record)
	}
}

// summed names the first places and counts the others.
func summed(list []Found) string {
	const most = 3
	var parts []string
	for _, f := range list[:min(len(list), most)] {
		parts = append(parts, f.String())
	}
	if n := len(list) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("and at %d more places", n))
	}
	return strings.Join(parts, "; ")
}

// String says what is where: "12 x email in response json:$.user.email of GET /users/{id}".
func (f Found) String() string {
	of := f.Endpoint
	if f.Outbound && f.Service != "" {
		of = f.Service + ": " + of
	}
	return fmt.Sprintf("%d x %s in %s of %s", f.Count, f.Kind, f.Where, of)
}

// advice is the line of the run file that would conceal a value, and the one that would allow it.
func (f Found) advice() string {
	allow := f.allowance()
	harmless := "where it is harmless"
	switch f.Kind {
	case Bearer, JWT, Session, Secret:
		harmless += " or issued anew by the replayed answers"
	}
	if line := f.Transform(); line != "" {
		return fmt.Sprintf("conceal it in traffic.transforms: %s; or accept it, %s, in %s", line, harmless, allow)
	}
	return fmt.Sprintf("no transform changes what is sent to databases; accept it, %s, in %s", harmless, allow)
}

// stubAdvice is advice for what no transform changes.
func (f Found) stubAdvice() string {
	return "take it out of the mapping; or accept it, where it is harmless, in " + f.allowance()
}

// allowance is the entry of traffic.safety that would allow it.
func (f Found) allowance() string {
	where := strings.TrimPrefix(f.Where, "response ")
	return fmt.Sprintf("traffic.safety.allow: - {kind: %s, where: '%s'}", f.Kind, where)
}

// Transform is the entry of traffic.transforms that would conceal it; empty where none can.
func (f Found) Transform() string {
	where, answer := strings.CutPrefix(f.Where, "response ")
	kind, name, _ := strings.Cut(where, ":")
	switch kind {
	case "header":
		if f.Kind == Bearer && !answer {
			return fmt.Sprintf("- token: {header: %s, value: 'Bearer ${env.SHADOW_TOKEN}'}", name)
		}
		return fmt.Sprintf("- redact: {headers: [%s]}", name)
	case "cookie":
		if answer {
			return "- redact: {headers: [Set-Cookie]}"
		}
		return "- redact: {headers: [Cookie]}"
	case "query", "form":
		if name == "*" {
			break
		}
		return fmt.Sprintf("- redact: {%s: [%s]}", kind, name)
	case "json":
		if name != "$" {
			return fmt.Sprintf("- redact: {json: ['%s']}", name)
		}
	case "sql", "param", "column", "error":
		return ""
	}
	return fmt.Sprintf("- replace: {regexp: '%s', with: REDACTED, in: both}", f.Kind.regexp())
}

// regexp is a regular expression for the values of a kind, for the user to refine.
func (k Kind) regexp() string {
	switch k {
	case Email:
		return `[\w.+-]+@[\w-]+\.[\w.-]+`
	case JWT:
		return `eyJ[\w-]+\.[\w-]+\.[\w-]*`
	case Card:
		return `\b[0-9]{4}(?:[ -]?[0-9]){10,12}\b`
	case IBAN:
		return `\b[A-Z]{2}[0-9]{2}[A-Z0-9 ]{11,32}\b`
	}
	return "what it looks like"
}
