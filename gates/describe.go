package gates

import "fmt"

// Describe says in plain words what the gate demands and what happens if it does not hold.
func Describe(p *Program) string {
	demand := "it must hold that " + p.Expr
	if p.relation != nil {
		demand = p.relation.words()
	}
	least := int64(p.MinSamples)
	for _, t := range p.main.terms {
		if t.sampled() {
			least = max(least, p.minSamples(t))
		}
	}
	if least > 1 {
		demand += fmt.Sprintf(", on at least %d samples", least)
	}
	if p.Waiver != nil && p.Severity != Observe {
		demand += " (" + p.Waiver.String() + ")"
	}
	switch p.Severity {
	case Warn:
		return demand + "; else a warning"
	case Observe:
		return demand + "; shown only"
	}
	if p.OnFail == Stop {
		return demand + "; else the run stops"
	}
	return demand + "; else back to " + string(p.OnFail)
}
