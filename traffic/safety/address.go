package safety

import (
	"bytes"
	"strings"
)

// address is an e-mail address, or the password in front of the host of a URL. The token ends at b[at], an @.
func (f *forms) address(b []byte, start, at int) (hit, bool) {
	end := at + 1
	for end < len(b) && f.class[b[end]]&word != 0 && b[end] != '_' && b[end] != '+' {
		end++
	}
	for end > at+1 && (b[end-1] == '.' || b[end-1] == '-') {
		end--
	}
	if from := credentials(b[:at]); from >= 0 {
		if harmless(string(b[from:at])) || end == at+1 {
			return hit{}, false
		}
		return hit{Basic, from, at}, true
	}
	local, domain := b[start:at], strings.ToLower(string(b[at+1:end]))
	if local[0] == '.' || local[0] == '-' || len(local) > 64 || !isDomain(domain) || isReserved(domain) ||
		harmless(string(local)) {
		return hit{}, false
	}
	return hit{Email, start, end}, true
}

// credentials is where the password begins in a text that ends in scheme://user:password of a URL; else it is
// below 0.
func credentials(before []byte) int {
	const longest, mark = 256, "://"
	from := max(0, len(before)-longest)
	i := bytes.LastIndex(before[from:], []byte(mark))
	if i <= 0 {
		return -1
	}
	from += i + len(mark)
	user := before[from:]
	colon := bytes.IndexByte(user, ':')
	if colon < 0 || colon+1 == len(user) || bytes.ContainsAny(user, "/?#@ \t\r\n\"'<>") {
		return -1
	}
	return from + colon + 1
}

// isDomain tells whether a name in lower case can be that of an e-mail address: its last part is of letters,
// and none that files end in.
func isDomain(name string) bool {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || strings.Contains(name, "..") {
		return false
	}
	top := name[i+1:]
	if len(top) < 2 || len(top) > 24 || strings.ContainsFunc(top, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return false
	}
	switch top {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "css", "map", "html", "json", "local", "internal":
		return false
	}
	return true
}

// isReserved tells whether a domain belongs to nobody: those of RFC 2606 and RFC 6761.
func isReserved(domain string) bool {
	for _, name := range []string{"example.com", "example.org", "example.net", "example", "test", "invalid", "localhost"} {
		if domain == name || strings.HasSuffix(domain, "."+name) {
			return true
		}
	}
	return false
}
