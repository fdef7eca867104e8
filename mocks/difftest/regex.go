package difftest

import (
	"regexp/syntax"
	"strings"
)

// regexSample is a text that the expression matches as a whole, as far as Go reads it, or nothing.
func regexSample(expr string) string {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	writeSample(&b, tree)
	return b.String()
}

func writeSample(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(classSample(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('k')
	case syntax.OpAlternate:
		writeSample(b, re.Sub[len(re.Sub)-1])
	case syntax.OpStar, syntax.OpPlus:
		writeSample(b, re.Sub[0])
		writeSample(b, re.Sub[0])
	case syntax.OpRepeat:
		for range max(re.Min, min(1, re.Max)) {
			writeSample(b, re.Sub[0])
		}
	default:
		for _, sub := range re.Sub {
			writeSample(b, sub)
		}
	}
}

// classSample prefers a letter or digit to what has a meaning in a URL.
func classSample(ranges []rune) rune {
	for i := 0; i+1 < len(ranges); i += 2 {
		for _, r := range "k7K" {
			if ranges[i] <= r && r <= ranges[i+1] {
				return r
			}
		}
	}
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1] && r < 127; r++ {
			if r > 32 && !strings.ContainsRune("?#%&/=+", r) {
				return r
			}
		}
	}
	if len(ranges) > 0 {
		return ranges[0]
	}
	return 'k'
}
