package compare

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Tolerance is by how much a number may differ from the recorded one. Where both limits are set, the
// larger slack counts.
type Tolerance struct {
	// Absolute is the largest accepted distance.
	Absolute float64
	// Relative is the largest accepted distance as a part of the recorded number: 0.05 is 5%.
	Relative float64
}

// UnmarshalSpec reads a number, a percentage, {absolute: x} or {relative: 5%}.
func (t *Tolerance) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	switch n.Kind() {
	case spec.Scalar:
		if ratio, ok := percent(n.Text()); ok {
			t.Relative = ratio
		} else {
			ds.Add(limit(n, &t.Absolute))
		}
	case spec.Map:
		ds.Add(t.unmarshalMap(n))
	default:
		ds.Errorf(n.Pos(), "write 0.01, or {relative: 5%}", "found %s, expected a tolerance", describe(n))
	}
	return ds
}

func (t *Tolerance) unmarshalMap(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	if len(n.Entries()) == 0 {
		ds.Errorf(n.Pos(), "write {absolute: 0.01} or {relative: 5%}", "the tolerance is empty")
	}
	for _, e := range n.Entries() {
		switch e.Key {
		case "absolute":
			ds.Add(limit(e.Value, &t.Absolute))
		case "relative":
			ratio, ok := percent(e.Value.Text())
			if !ok {
				ds.Errorf(e.Value.Pos(), "write relative: 5%",
					"found %s, expected a percentage such as 5%%", describe(e.Value))
			}
			t.Relative = ratio
		default:
			ds.Errorf(e.Pos, "write absolute or relative", "unknown key %q in a tolerance", e.Key)
		}
	}
	return ds
}

// limit reads a number that is not negative.
func limit(n *spec.Node, into *float64) spec.Diagnostics {
	var ds spec.Diagnostics
	f, ok := n.Float()
	if !ok || f < 0 {
		ds.Errorf(n.Pos(), "write a number such as 0.01, or {relative: 5%}",
			"found %s, expected a number that is not negative", describe(n))
	}
	*into = f
	return ds
}

// percent reads "5%" as 0.05.
func percent(text string) (float64, bool) {
	digits, ok := strings.CutSuffix(text, "%")
	if !ok {
		return 0, false
	}
	// Dividing the decimal, not the float, keeps 5% at exactly 0.05.
	f, err := strconv.ParseFloat(strings.TrimSpace(digits)+"e-2", 64)
	return f, err == nil && f >= 0 && !math.IsInf(f, 0)
}

// JSONSchemaSpec is the schema of the YAML form.
func (Tolerance) JSONSchemaSpec() map[string]any {
	number := map[string]any{"type": "number", "minimum": 0}
	share := map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)? ?%$`}
	return map[string]any{"oneOf": []any{number, share, map[string]any{
		"type": "object", "additionalProperties": false, "minProperties": 1,
		"properties": map[string]any{"absolute": number, "relative": share},
	}}}
}

// slack is a compiled tolerance. Limits are exact, so that 1.00 and 1.01 differ by 0.01 and no more.
type slack struct {
	absolute, relative *big.Rat
}

func newSlack(t Tolerance) (slack, error) {
	for _, f := range []float64{t.Absolute, t.Relative} {
		if f < 0 || math.IsNaN(f) || math.IsInf(f, 0) {
			return slack{}, fmt.Errorf("tolerance %v: expected a finite number that is not negative", f)
		}
	}
	return slack{absolute: exact(t.Absolute), relative: exact(t.Relative)}, nil
}

// exact is the decimal that a float was written as.
func exact(f float64) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return r
}

// accepts tells whether the actual number is near enough. Numbers too long or too large to compute with
// are not.
func (s slack) accepts(recorded, actual string) bool {
	a, ok := rational(recorded)
	b, ok2 := rational(actual)
	if !ok || !ok2 {
		return false
	}
	distance := new(big.Rat).Sub(a, b)
	distance.Abs(distance)
	share := new(big.Rat).Mul(s.relative, a.Abs(a))
	return distance.Cmp(s.absolute) <= 0 || distance.Cmp(share) <= 0
}

// rational reads a number literal, within bounds that keep a hostile exponent from eating memory.
func rational(literal string) (*big.Rat, bool) {
	const maxLength, maxExponent = 1000, 1000
	d, ok := parseDecimal(literal)
	if !ok || len(literal) > maxLength || d.exponent > maxExponent || d.exponent < -maxExponent {
		return nil, false
	}
	return new(big.Rat).SetString(literal)
}
