package mocks

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func valueHelpers() map[string]helper {
	return map[string]helper{
		"val": val, "assign": assign, "math": calculate, "formData": formData,
		"xPath": xPathHelper(""), "soapXPath": xPathHelper("/*[local-name()='Envelope']/*[local-name()='Body']"),
		"formatXml": formatXML,
	}
}

func val(c *handlebars.Call) (any, error) {
	v := c.Arg(0)
	if v == nil {
		if v = c.Named["or"]; v == nil {
			v = c.Named["default"]
		}
	}
	if name := option(c, "assign", ""); name != "" {
		c.Set(name, v)
		return nil, nil
	}
	return v, nil
}

func assign(c *handlebars.Call) (any, error) {
	text, err := c.Same()
	c.Set(handlebars.Text(c.Arg(0)), text)
	return nil, err
}

// decimal is a number with its count of places behind the point, as Java's BigDecimal.
type decimal struct {
	digits *big.Int
	scale  int
}

func readDecimal(v any) decimal {
	text := strings.TrimSpace(handlebars.Text(v))
	if exactNumber(text) == nil {
		return decimal{new(big.Int), 0}
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	integer, fraction, _ := strings.Cut(mantissa, ".")
	digits, ok := new(big.Int).SetString(integer+fraction, 10)
	if !ok {
		return decimal{new(big.Int), 0}
	}
	shift, _ := strconv.Atoi(exponent)
	d := decimal{digits, len(fraction) - shift}
	if d.scale < 0 {
		d = d.at(0)
	}
	return d
}

// at gives the same number more places.
func (d decimal) at(scale int) decimal {
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale-d.scale)), nil)
	return decimal{factor.Mul(factor, d.digits), scale}
}

// value is a whole number where there are no places, else a double.
func (d decimal) value() any {
	if d.scale == 0 && d.digits.IsInt64() {
		return d.digits.Int64()
	}
	den := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil)
	f, _ := new(big.Rat).SetFrac(d.digits, den).Float64()
	return f
}

func calculate(c *handlebars.Call) (any, error) {
	if len(c.Args) != 3 {
		return complaint("All maths functions require two operands and an operator as parameters e.g. 3 '+' 2")
	}
	a, b := readDecimal(c.Arg(0)), readDecimal(c.Arg(2))
	places := max(a.scale, b.scale)
	x, y := a.at(places).digits, b.at(places).digits
	switch op := handlebars.Text(c.Arg(1)); op {
	case "+":
		return decimal{new(big.Int).Add(x, y), places}.value(), nil
	case "-":
		return decimal{new(big.Int).Sub(x, y), places}.value(), nil
	case "*", "x":
		return decimal{new(big.Int).Mul(a.digits, b.digits), a.scale + b.scale}.value(), nil
	case "/", "%":
		if y.Sign() == 0 {
			return complaint("division by zero")
		}
		if op == "%" {
			return decimal{new(big.Int).Rem(x, y), places}.value(), nil
		}
		return divide(x, y, a.scale).value(), nil
	default:
		return complaint("%s is not a valid mathematical operator", op)
	}
}

// divide keeps the places of the first number and rounds half away from zero.
func divide(x, y *big.Int, scale int) decimal {
	n := new(big.Int).Mul(x, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	q, r := new(big.Int).QuoRem(n, y, new(big.Int))
	if r.Abs(r).Lsh(r, 1).CmpAbs(y) >= 0 {
		q.Add(q, big.NewInt(int64(n.Sign()*y.Sign())))
	}
	return decimal{q, scale}
}

func formData(c *handlebars.Call) (any, error) {
	fields := map[string][]string{}
	decode := handlebars.Truthy(c.Named["urlDecode"])
	for part := range strings.SplitSeq(handlebars.Text(c.Arg(0)), "&") {
		name, value, _ := strings.Cut(part, "=")
		if decode {
			name, value = unescape(name), unescape(value)
		}
		if part != "" {
			fields[name] = append(fields[name], value)
		}
	}
	if name := handlebars.Text(c.Arg(1)); name != "" {
		c.Set(name, valueLists(fields))
		return nil, nil
	}
	return valueLists(fields), nil
}

func xPathHelper(prefix string) helper {
	return func(c *handlebars.Call) (any, error) {
		if c.Arg(0) == nil {
			return "", nil
		}
		text := handlebars.Text(c.Arg(0))
		doc, err := parseXML(text)
		if err != nil {
			return complaint("%s is not valid XML", text)
		}
		expr, err := compileXPath(prefix+handlebars.Text(c.Arg(1)), nil)
		if err != nil {
			return complaint("%s is not a valid XPath expression", handlebars.Text(c.Arg(1)))
		}
		found, err := expr.find(doc, nodeText, mostFound)
		if err != nil {
			return complaint("%v", err)
		}
		if len(found) == 0 {
			return "", nil
		}
		return oneOrMore(found), nil
	}
}

func formatXML(c *handlebars.Call) (any, error) {
	text, err := blockText(c)
	if err != nil {
		return nil, err
	}
	if _, err := parseXML(text); err != nil {
		return complaint("Input is not valid XML")
	}
	compact := regexp.MustCompile(`>\s+<`).ReplaceAllString(strings.TrimSpace(text), "><")
	if option(c, "format", "pretty") == "compact" {
		return compact, nil
	}
	return indentXML(compact)
}

// indentXML puts each element on its own line, two spaces for each level.
func indentXML(text string) (string, error) {
	var b strings.Builder
	depth := 0
	parts := regexp.MustCompile(`<[^>]*>[^<]*`).FindAllString(text, -1)
	for i, part := range parts {
		closing := strings.HasPrefix(part, "</")
		if closing {
			depth--
		}
		inline := i > 0 && closing && opens(parts[i-1])
		if i > 0 && !inline {
			b.WriteString("\n" + strings.Repeat("  ", max(depth, 0)))
		}
		if b.WriteString(part); b.Len() > mostRendered {
			return "", errTooLong
		}
		if opens(part) {
			depth++
		}
	}
	return b.String() + "\n", nil
}

// opens tells whether a tag with its text opens an element.
func opens(part string) bool {
	tag, _, _ := strings.Cut(part, ">")
	return !strings.HasPrefix(part, "</") && !strings.HasPrefix(part, "<?") && !strings.HasPrefix(part, "<!") &&
		!strings.HasSuffix(tag, "/")
}
