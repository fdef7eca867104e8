package safety

import (
	"bytes"
	"encoding/base64"
)

// Classes of bytes.
const (
	word  = 1 << iota // may be part of a token: letters, digits and . _ - +
	digit             // 0 to 9
	upper             // A to Z
)

// forms are what is known of the forms of values.
type forms struct {
	// class is that of each byte.
	class [256]uint8
	// issuers are those whose keys begin with a byte.
	issuers [256][]issuer
}

func newForms() *forms {
	var f forms
	for b := range 256 {
		switch {
		case b >= '0' && b <= '9':
			f.class[b] = word | digit
		case b >= 'A' && b <= 'Z':
			f.class[b] = word | upper
		case b >= 'a' && b <= 'z', b == '.', b == '_', b == '-', b == '+':
			f.class[b] = word
		}
	}
	for _, k := range issuers() {
		f.issuers[k.prefix[0]] = append(f.issuers[k.prefix[0]], k)
	}
	return &f
}

// hit is a value found in a text by its form.
type hit struct {
	kind       Kind
	start, end int
}

// shortest is less than the length of any token that is looked at.
const shortest = 12

// detect visits what has the form of a secret or of personal data, in the order of the text.
func (f *forms) detect(b []byte, visit func(hit)) {
	done := 0 // what was visited before
	for i := 0; i < len(b); i++ {
		if f.class[b[i]]&word == 0 {
			continue
		}
		start := i
		for i++; i < len(b) && f.class[b[i]]&word != 0; i++ {
		}
		at := i < len(b) && b[i] == '@'
		if !at && i-start < shortest && !f.opens(b[start:i]) {
			continue
		}
		if h, ok := f.token(b, start, i); ok {
			h.start = max(h.start, done)
			visit(h)
			i, done = h.end, h.end
		}
	}
}

// opens tells whether a short token can be the first group of a card or account number, or begin a key in PEM.
func (f *forms) opens(token []byte) bool {
	return token[0] == '-' && len(token) == len("-----BEGIN") ||
		len(token) == 4 && f.class[token[3]]&digit != 0 && f.class[token[0]]&(digit|upper) != 0
}

// token finds out what a token is.
func (f *forms) token(b []byte, start, end int) (hit, bool) {
	token := b[start:end]
	if end < len(b) && b[end] == '@' {
		if n := f.issued(token); n > 0 {
			return hit{Key, start, start + n}, true
		}
		return f.address(b, start, end)
	}
	first := token[0]
	switch {
	case f.class[first]&digit != 0:
		if n := card(b, start); n > 0 {
			return hit{Card, start, start + n}, true
		}
		return hit{}, false
	case first == '-':
		return f.privateKey(b, start)
	case len(token) >= 2 && f.class[first]&f.class[token[1]]&upper != 0:
		if n := iban(b, start); n > 0 {
			return hit{IBAN, start, start + n}, true
		}
	}
	token = bytes.TrimRight(token, ".-+") // the end of a sentence
	if len(token) < shortest {
		return hit{}, false
	}
	if bytes.HasPrefix(token, []byte("eyJ")) && isJWT(token) {
		return hit{JWT, start, start + len(token)}, true
	}
	if n := f.issued(token); n > 0 {
		return hit{Key, start, start + n}, true
	}
	return hit{}, false
}

// privateKey finds a key in PEM (RFC 7468), from its first line to its last.
func (f *forms) privateKey(b []byte, start int) (hit, bool) {
	begin, longest := []byte("-----BEGIN "), 64
	if !bytes.HasPrefix(b[start:], begin) {
		return hit{}, false
	}
	label := b[start+len(begin) : min(len(b), start+longest)]
	i := bytes.Index(label, []byte("PRIVATE KEY-----"))
	if i < 0 || bytes.IndexByte(label[:i], '-') >= 0 || !f.holdsKey(b[start+len(begin)+i:]) {
		return hit{}, false
	}
	end := len(b)
	last := []byte("-----END ")
	if i := bytes.Index(b[start+len(begin):], last); i >= 0 {
		end = start + len(begin) + i + len(last)
	}
	return hit{PrivateKey, start, end}, true
}

// holdsKey tells whether the label of a key is followed by one, and not by the code of a program that reads keys.
func (f *forms) holdsKey(b []byte) bool {
	const first, least = 256, 40
	run := 0
	for _, c := range b[:min(len(b), first)] {
		if f.class[c]&word == 0 && c != '/' || c == '-' {
			run = 0
			continue
		}
		if run++; run == least {
			return true
		}
	}
	return false
}

// isJWT tells whether a token has the form of a JSON Web Token (RFC 7519): three parts, of which the first
// names an algorithm.
func isJWT(token []byte) bool {
	if bytes.Count(token, []byte(".")) != 2 {
		return false
	}
	head, _, _ := bytes.Cut(token, []byte("."))
	text, err := base64.RawURLEncoding.DecodeString(string(head))
	return err == nil && bytes.Contains(text, []byte(`"alg"`))
}

// issuer is the form of a key: what follows the prefix has at least so many letters, digits, _ and -.
type issuer struct {
	prefix string
	rest   int
}

// issuers lists them as they document their keys.
func issuers() []issuer {
	return []issuer{
		{"AKIA", 16},
		{"ASIA", 16},
		{"AIza", 35},
		{"ghp_", 36},
		{"gho_", 36},
		{"ghu_", 36},
		{"ghs_", 36},
		{"ghr_", 36},
		{"github_pat_", 22},
		{"glpat-", 20},
		{"xoxb-", 10},
		{"xoxa-", 10},
		{"xoxp-", 10},
		{"xoxr-", 10},
		{"xoxs-", 10},
		{"sk_live_", 16},
		{"rk_live_", 16},
		{"whsec_", 24},
		{"npm_", 36},
		{"SG.", 60},
	}
}

// issued tells how much of a token is a key of a known issuer; those of documentation are none.
func (f *forms) issued(token []byte) int {
	for _, k := range f.issuers[token[0]] {
		if !bytes.HasPrefix(token, []byte(k.prefix)) || len(token) < len(k.prefix)+k.rest ||
			bytes.HasSuffix(token, []byte("EXAMPLE")) {
			continue
		}
		if aws := k.rest == 16 && k.prefix[0] == 'A'; !aws || len(token) == len(k.prefix)+k.rest {
			return len(token)
		}
	}
	return 0
}
