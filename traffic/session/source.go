package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// source is one way to tell sessions apart.
type source struct {
	// kind starts the session keys, name is for the user.
	kind, name string
	// used is the raw key that a request carries, or empty.
	used func(*traffic.Record) string
	// issued visits raw keys that an answer may hand out, valid until it returns.
	issued func(r *traffic.Record, visit func(key []byte))
	// subject is what two keys of one session have in common.
	subject func(key string) string
	// passing keys do not last: there may be a new one for each request.
	passing bool
}

// sources are the configured ones, if any, and what they are called together.
func (c Config) sources() (list []source, name string) {
	switch {
	case c.Header != "":
		list = []source{byHeader(c.Header)}
	case c.Cookie != "":
		list = []source{byCookie(c.Cookie)}
	case c.JWTClaim != "":
		list = []source{byClaim(c.JWTClaim)}
	case c.Query != "":
		list = []source{byQuery(c.Query)}
	case c.Client:
		return []source{byAddress(), byConnection(), byAgent()}, "client (forwarded address, connection or User-Agent)"
	default:
		return nil, ""
	}
	return list, list[0].name
}

// together puts everything into one session.
func together() source {
	return source{
		used:   func(*traffic.Record) string { return "" },
		issued: nothing, subject: itself,
	}
}

func nothing(*traffic.Record, func([]byte)) {}

func itself(key string) string { return key }

func byHeader(name string) source {
	return source{
		kind: "header", name: "header " + name, subject: itself,
		used: func(r *traffic.Record) string { return r.Request.Header.Get(name) },
		issued: func(r *traffic.Record, visit func([]byte)) {
			if r.Response == nil {
				return
			}
			for _, v := range r.Response.Header.Values(name) {
				visit([]byte(v))
			}
		},
	}
}

func byCookie(name string) source {
	return source{
		kind: "cookie", name: "cookie " + name, subject: itself,
		used: func(r *traffic.Record) string {
			cookie, err := (&http.Request{Header: r.Request.Header}).Cookie(name)
			if err != nil {
				return ""
			}
			return cookie.Value
		},
		issued: func(r *traffic.Record, visit func([]byte)) { setCookies(r, name, visit) },
	}
}

func setCookies(r *traffic.Record, name string, visit func([]byte)) {
	if r.Response == nil || len(r.Response.Header["Set-Cookie"]) == 0 {
		return
	}
	for _, c := range (&http.Response{Header: r.Response.Header}).Cookies() {
		if c.Name == name && c.Value != "" {
			visit([]byte(c.Value))
		}
	}
}

func byBearer() source {
	return source{
		kind: "bearer", name: "the bearer token", used: bearer, issued: quoted,
		subject: func(token string) string {
			if sub := claim(token, "sub"); sub != "" {
				return sub
			}
			return token
		},
	}
}

func byClaim(name string) source {
	return source{
		kind: "claim", name: "claim " + name + " of the bearer token", issued: quoted,
		used: func(r *traffic.Record) string {
			if token := bearer(r); claim(token, name) != "" {
				return token
			}
			return ""
		},
		subject: func(token string) string { return claim(token, name) },
	}
}

func byQuery(name string) source {
	return source{
		kind: "query", name: "query parameter " + name, subject: itself, issued: nothing,
		used: func(r *traffic.Record) string { return r.Request.Target().Query().Get(name) },
	}
}

// byAddress goes by what the proxies in front of the service wrote. Behind a proxy the connections are the
// proxy's own.
func byAddress() source {
	return source{
		kind: "client", name: "client address and User-Agent", subject: itself, issued: nothing,
		used: func(r *traffic.Record) string {
			h := r.Request.Header
			address, _, _ := strings.Cut(h.Get("X-Forwarded-For"), ",")
			for _, other := range []string{h.Get("X-Real-Ip"), h.Get("Forwarded")} {
				if address == "" {
					address = other
				}
			}
			if address == "" {
				return ""
			}
			return strings.TrimSpace(address) + "\x00" + h.Get("User-Agent")
		},
	}
}

func byConnection() source {
	return source{
		kind: "connection", name: "client connection", subject: itself, issued: nothing, passing: true,
		used: func(r *traffic.Record) string { return r.Connection },
	}
}

func byAgent() source {
	return source{
		kind: "agent", name: "User-Agent", subject: itself, issued: nothing,
		used: func(r *traffic.Record) string { return r.Request.Header.Get("User-Agent") },
	}
}

func bearer(r *traffic.Record) string {
	scheme, token, _ := strings.Cut(r.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// quoted visits the strings of a JSON answer that could be tokens. Escapes do not occur in tokens, so
// the text between quotes will do.
func quoted(r *traffic.Record, visit func([]byte)) {
	const shortest, longest = 8, 8 << 10
	if r.Response == nil || !bytes.HasPrefix(bytes.TrimSpace(r.Response.Body), []byte("{")) {
		return
	}
	for part := range bytes.SplitSeq(r.Response.Body, []byte(`"`)) {
		if len(part) >= shortest && len(part) <= longest && !bytes.ContainsAny(part, " :,\n") {
			visit(part)
		}
	}
}

// claim reads a claim of a JSON Web Token (RFC 7519) without checking its signature; it is empty
// where the token is none or the claim is neither text nor a number.
func claim(token, name string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(claims[name], &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(claims[name], &number) == nil {
		return number.String()
	}
	return ""
}

var (
	sessionLike = regexp.MustCompile(`(?i)sess|sid|token|jwt`)
	notSession  = regexp.MustCompile(`(?i)csrf|xsrf`)
)
