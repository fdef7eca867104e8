package metric

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Ref names one metric of one subject. As a Ref of a Distribution serves its plain name ("latency")
// for samples and the name of a quantile ("latency_p95") for a value.
type Ref struct {
	Scope, Subject, Name string
}

// String spells the reference as gates do: replay.latency_p95, mocks["payment-api"].match_rate,
// endpoint("GET /orders/{id}").latency_p95.
func (r Ref) String() string {
	switch {
	case !HasSubjects(r.Scope):
		return r.Scope + "." + r.Name
	case r.Scope == "endpoint":
		return "endpoint(" + strconv.Quote(r.Subject) + ")." + r.Name
	}
	return r.Scope + "[" + strconv.Quote(r.Subject) + "]." + r.Name
}

// ParseRef reads what [Ref.String] writes.
func ParseRef(s string) (Ref, error) {
	end := strings.IndexAny(s, ".[(")
	if end < 0 {
		return Ref{}, refError(s)
	}
	r := Ref{Scope: s[:end]}
	rest := s[end:]
	if HasSubjects(r.Scope) {
		open, closing := "[", "]"
		if r.Scope == "endpoint" {
			open, closing = "(", ")"
		}
		inner, ok := strings.CutPrefix(rest, open)
		quoted, err := strconv.QuotedPrefix(inner)
		if !ok || err != nil || quoted[0] != '"' || !strings.HasPrefix(inner[len(quoted):], closing) {
			return Ref{}, refError(s)
		}
		r.Subject, err = strconv.Unquote(quoted)
		if err != nil {
			return Ref{}, refError(s)
		}
		rest = inner[len(quoted)+len(closing):]
	}
	name, ok := strings.CutPrefix(rest, ".")
	if !ok || !isName(r.Scope) || !isName(name) {
		return Ref{}, refError(s)
	}
	r.Name = name
	return r, nil
}

func refError(s string) error {
	return fmt.Errorf(`%q does not name a metric: expected scope.name, scope["subject"].name `+
		`or endpoint("METHOD /path").name`, s)
}

// MarshalText writes the reference as [Ref.String] does.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Ref) UnmarshalText(text []byte) error {
	parsed, err := ParseRef(string(text))
	*r = parsed
	return err
}

// Compare orders references by scope, subject and name.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Scope, o.Scope), cmp.Compare(r.Subject, o.Subject), cmp.Compare(r.Name, o.Name))
}
