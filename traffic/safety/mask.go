package safety

import "strings"

// Mask is a value as it may be shown: enough to find it again, too little to use it.
func (f Finding) Mask() string {
	const stars = "***"
	switch f.Kind {
	case PrivateKey:
		return "-----BEGIN ... PRIVATE KEY-----"
	case Email:
		local, domain, _ := strings.Cut(f.Value, "@")
		top := domain[strings.LastIndexByte(domain, '.')+1:]
		return local[:1] + stars + "@" + domain[:1] + stars + "." + top
	case Card:
		return stars + last(f.Value, 4)
	case IBAN:
		return f.Value[:4] + stars + last(f.Value, 2)
	}
	const long = 20
	if len(f.Value) < long || !isASCII(f.Value) {
		return stars
	}
	return f.Value[:4] + stars + last(f.Value, 2)
}

func last(s string, n int) string { return s[len(s)-n:] }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x7f || r < ' ' }) < 0
}

// Conceal is a path with what has the form of a secret or of personal data replaced by its kind in braces.
func (s *Scanner) Conceal(text string) string {
	var b strings.Builder
	done := 0
	plain := unescaped(text, false)
	s.forms.detect([]byte(plain), func(h hit) {
		b.WriteString(plain[done:h.start])
		b.WriteString("{" + string(h.kind) + "}")
		done = h.end
	})
	if done == 0 {
		return text
	}
	return b.String() + plain[done:]
}
