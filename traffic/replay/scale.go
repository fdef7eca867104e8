package replay

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Scale is how much faster than recorded traffic is replayed: 1 as recorded, 10 ten times faster,
// +Inf without any pause. Its zero value counts as 1.
type Scale float64

// Max is the Scale written as "max".
func Max() Scale { return Scale(math.Inf(1)) }

// ParseScale reads "10x", "0.5x", "10" or "max".
func ParseScale(text string) (Scale, error) {
	text = strings.TrimSpace(text)
	if text == "max" {
		return Max(), nil
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) || f > maxScale {
		return 0, fmt.Errorf("time scale is %q: expected a factor above 0 such as 10x, or max", text)
	}
	return Scale(f), nil
}

// maxScale is beyond what any schedule can tell from max.
const maxScale = 1e6

// String writes the scale so that ParseScale reads it back.
func (s Scale) String() string {
	if math.IsInf(float64(s), 1) {
		return "max"
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64) + "x"
}

// UnmarshalSpec reads the scale from a run file.
func (s *Scale) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	if n.Kind() != spec.Scalar {
		ds.Errorf(n.Pos(), "write 10x, 0.5x or max", "expected a time scale, found %s", n.Kind())
		return ds
	}
	scale, err := ParseScale(n.Text())
	if err != nil {
		ds.Errorf(n.Pos(), "write 10x, 0.5x or max", "%v", err)
		return ds
	}
	*s = scale
	return nil
}

// JSONSchemaSpec describes the scale's form in a run file.
func (Scale) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"type":    []any{"string", "number"},
		"pattern": `^(max|[0-9]*\.?[0-9]+x?)$`,
	}
}
