package transform

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// tokenStep puts one value in place of a header.
type tokenStep struct{ header, value string }

func (s *tokenStep) apply(x *exchange, counts []int) error {
	if m := x.list[0]; len(m.values(s.header)) > 0 {
		m.set(s.header, s.value)
		counts[0]++
	}
	return nil
}

// userStep gives each user a token of its own. Its first part is that tokens are replaced, its second that
// recorded tokens have the claim.
type userStep struct {
	header, claim, file, other string
	tokens                     map[string]string
	known                      remembered
}

func (s *userStep) apply(x *exchange, counts []int) error {
	m := x.list[0]
	values := m.values(s.header)
	if len(values) == 0 {
		return nil
	}
	scheme, token := splitScheme(values[0])
	user, found := s.user(token)
	if found {
		counts[1]++
	}
	with, mapped := s.tokens[user]
	switch {
	case found && mapped:
		if !strings.Contains(with, " ") {
			with = scheme + with
		}
	case s.other != "":
		with = s.other
	case x.Direction != traffic.Inbound:
		return nil
	case !found:
		return fmt.Errorf("user_tokens: the %s header holds no JSON Web Token with the claim %s; "+
			"set a default, or remove the header", s.header, s.claim)
	default:
		return fmt.Errorf("user_tokens: %s has no token for %s %q; add a line for it, or set a default",
			s.file, s.claim, user)
	}
	m.set(s.header, with)
	counts[0]++
	return nil
}

// user is the claim of a token.
func (s *userStep) user(token string) (string, bool) {
	if user, ok := s.known.get(token); ok {
		return user, user != ""
	}
	user := claimOf(token, s.claim)
	s.known.put(token, user)
	return user, user != ""
}

// claimOf reads a claim of a JSON Web Token (RFC 7519) as text; the signature does not matter.
func claimOf(token, claim string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	src, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(src, &claims) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(claims[claim], &text) == nil {
		return text
	}
	return string(claims[claim])
}

// splitScheme parts a header value into its scheme, with the blank, and the token.
func splitScheme(value string) (scheme, token string) {
	i := strings.LastIndexByte(value, ' ') + 1
	return value[:i], value[i:]
}

// remembered holds what was worked out for the last tokens.
type remembered map[string]string

const mostRemembered = 10_000

func (r remembered) get(key string) (string, bool) {
	value, ok := r[key]
	return value, ok
}

func (r *remembered) put(key, value string) {
	if *r == nil || len(*r) == mostRemembered {
		*r = remembered{}
	}
	(*r)[key] = value
}
