package session

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// made collects records a second apart.
type made []*traffic.Record

// add appends an inbound GET of target; headers are "Name: value", and "< Name: value" for the answer.
func (m *made) add(target, answer string, headers ...string) *traffic.Record {
	r := &traffic.Record{
		ID: strconv.Itoa(len(*m)), Direction: traffic.Inbound, Time: time.Unix(int64(len(*m)), 0),
		Request:  &traffic.Request{Method: "GET", URL: target, Header: http.Header{}},
		Response: &traffic.Response{Status: 200, Header: http.Header{}, Body: []byte(answer)},
	}
	for _, h := range headers {
		into := r.Request.Header
		if rest, ok := strings.CutPrefix(h, "< "); ok {
			into, h = r.Response.Header, rest
		}
		name, value, _ := strings.Cut(h, ": ")
		into.Add(name, value)
	}
	*m = append(*m, r)
	return r
}

// groups writes the sessions as letters in the order of appearance: "aab".
func groups(records []*traffic.Record) string {
	letters := make(map[string]byte)
	var b strings.Builder
	for _, r := range records {
		if _, ok := letters[r.Session]; !ok {
			letters[r.Session] = 'a' + byte(len(letters))
		}
		b.WriteByte(letters[r.Session])
	}
	return b.String()
}

func jwt(payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(payload)) + ".c2ln"
}

// assignCase is requests, and the sessions that they are to get, as letters.
type assignCase struct {
	config  Config
	records func(m *made)
	want    string
	how     string
}

func runAssign(t *testing.T, tests map[string]assignCase) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var m made
			test.records(&m)
			how, err := Assign(m, test.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := groups(m); got != test.want || how != test.how {
				t.Errorf("got %s and %q, want %s and %q", got, how, test.want, test.how)
			}
		})
	}
}

func TestAssignAsConfigured(t *testing.T) {
	ann, bob := jwt(`{"sub":"ann","iat":1,"team":7}`), jwt(`{"sub":"bob","iat":2,"team":7}`)
	tests := map[string]assignCase{
		"header": {
			Config{Header: "x-session-id"},
			func(m *made) {
				m.add("/", "", "X-Session-Id: one")
				m.add("/", "", "X-Session-Id: two")
				m.add("/", "", "X-Session-Id: one")
				m.add("/health", "")
				m.add("/health", "")
			},
			"abacc", "sessions: 3, by header x-session-id; 2 requests without it are one session",
		},
		"cookie, issued by the log-in and renewed": {
			Config{Cookie: "sid"},
			func(m *made) {
				m.add("/login", "", "< Set-Cookie: sid=one; Path=/")
				m.add("/login", "", "< Set-Cookie: sid=two")
				m.add("/", "", "Cookie: a=b; sid=one", "< Set-Cookie: sid=three")
				m.add("/", "", "Cookie: sid=three")
				m.add("/", "", "Cookie: sid=two")
			},
			"abaab", "sessions: 2, by cookie sid",
		},
		"claim": {
			Config{JWTClaim: "team"},
			func(m *made) {
				m.add("/", "", "Authorization: Bearer "+ann)
				m.add("/", "", "Authorization: bearer "+bob)
			},
			"aa", "sessions: 1, by claim team of the bearer token",
		},
		"query": {
			Config{Query: "user"},
			func(m *made) { m.add("/?user=1", ""); m.add("/?user=2", ""); m.add("/?a=b&user=1", "") },
			"aba", "sessions: 2, by query parameter user",
		},
		"client by connection": {
			Config{Client: true},
			func(m *made) {
				m.add("/", "", "User-Agent: x").Connection = "1"
				m.add("/", "", "User-Agent: x").Connection = "2"
				m.add("/", "", "User-Agent: x")
			},
			"abc", "sessions: 3, by client connection; 1 requests without it are one session",
		},
		"client by User-Agent": {
			Config{Client: true},
			func(m *made) {
				m.add("/", "", "User-Agent: x").Connection = "1"
				m.add("/", "", "User-Agent: y")
				m.add("/", "", "User-Agent: x")
			},
			"aba", "sessions: 2, by User-Agent",
		},
		"few clients": {
			Config{Client: true},
			func(m *made) { m.add("/", "").Connection = "1"; m.add("/", ""); m.add("/", "") },
			"abb", "sessions: 2, by client connection; 2 requests without it are one session",
		},
		"client": {
			Config{Client: true},
			func(m *made) {
				m.add("/", "", "X-Forwarded-For: 10.0.0.1, 10.9.9.9", "User-Agent: x")
				m.add("/", "", "X-Forwarded-For: 10.0.0.1", "User-Agent: y")
				m.add("/", "", "X-Forwarded-For: 10.0.0.1", "User-Agent: x")
			},
			"aba", "sessions: 2, by client address and User-Agent",
		},
	}
	runAssign(t, tests)
}

func TestAssignInferred(t *testing.T) {
	ann, bob := jwt(`{"sub":"ann","iat":1}`), jwt(`{"sub":"bob","iat":2}`)
	annAgain := jwt(`{"sub":"ann","iat":3}`)
	tests := map[string]assignCase{
		"inferred from own sessions": {
			Config{},
			func(m *made) { m.add("/", "").Session = "u1"; m.add("/", "").Session = "u2" },
			"ab", "sessions: 2, as recorded",
		},
		"own sessions and the rest": {
			Config{},
			func(m *made) { m.add("/", "").Session = "u1"; m.add("/", ""); m.add("/", "") },
			"abb", "sessions: 2, as recorded and all requests in order, as nothing tells users apart",
		},
		"inferred from a cookie": {
			Config{},
			func(m *made) {
				m.add("/", "", "Cookie: csrftoken=x; JSESSIONID=1; lang=en", "Authorization: Bearer t")
				m.add("/", "", "Cookie: csrftoken=x; JSESSIONID=2; lang=en", "Authorization: Bearer t")
			},
			"ab", "sessions: 2, inferred from cookie JSESSIONID",
		},
		"inferred from the subject": {
			Config{},
			func(m *made) {
				m.add("/", "", "Authorization: Bearer "+ann)
				m.add("/", "", "Authorization: Bearer "+bob)
				m.add("/", "", "Authorization: Bearer "+annAgain)
			},
			"aba", "sessions: 2, inferred from the bearer token",
		},
		"inferred from opaque tokens, with log-ins": {
			Config{},
			func(m *made) {
				m.add("/login", `{"access_token": "opaque-token-1"}`)
				m.add("/login", `{"access_token": "opaque-token-2"}`)
				m.add("/", "", "Authorization: Bearer opaque-token-2")
				m.add("/", "", "Authorization: Bearer opaque-token-1")
				m.add("/health", "")
			},
			"abbac", "sessions: 3, inferred from the bearer token; 1 requests without it are one session",
		},
		"a token renewed": {
			Config{},
			func(m *made) {
				m.add("/refresh", `{"token":"opaque-token-2"}`, "Authorization: Bearer opaque-token-1")
				m.add("/", "", "Authorization: Bearer opaque-token-2")
			},
			"aa", "sessions: 1, inferred from the bearer token",
		},
		"inferred from addresses": {
			Config{},
			func(m *made) {
				m.add("/", "", "X-Forwarded-For: 10.0.0.1", "User-Agent: x").Connection = "1"
				m.add("/", "", "X-Forwarded-For: 10.0.0.2", "User-Agent: x").Connection = "1"
				m.add("/health", "").Connection = "1"
			},
			"abc", "sessions: 3, inferred from client address and User-Agent; 1 requests without it are one session",
		},
		"inferred from connections": {
			Config{},
			func(m *made) {
				for _, connection := range []string{"1", "2", "1", "2", "2", ""} {
					m.add("/", "").Connection = connection
				}
			},
			"ababbc", "sessions: 3, inferred from client connection; 1 requests without it are one session",
		},
		"connections for each request": {
			Config{},
			func(m *made) {
				for _, connection := range []string{"1", "2", "3", "3"} {
					m.add("/", "").Connection = connection
				}
			},
			"aaaa", "sessions: 1, all requests in order, as nothing tells users apart",
		},
		"tokens before connections": {
			Config{},
			func(m *made) {
				m.add("/", "", "Authorization: Bearer "+ann).Connection = "1"
				m.add("/", "", "Authorization: Bearer "+bob).Connection = "1"
			},
			"ab", "sessions: 2, inferred from the bearer token",
		},
		"nothing to go by": {
			Config{},
			func(m *made) { m.add("/", ""); m.add("/", ""); m.add("/", "", "Authorization: Basic YTpi") },
			"aaa", "sessions: 1, all requests in order, as nothing tells users apart",
		},
		"too few tokens": {
			Config{},
			func(m *made) { m.add("/", ""); m.add("/", ""); m.add("/", "", "Authorization: Bearer t") },
			"aaa", "sessions: 1, all requests in order, as nothing tells users apart",
		},
	}
	runAssign(t, tests)
}

func TestAssignHidesSecrets(t *testing.T) {
	secret := "very-secret-token"
	for name, config := range map[string]Config{
		"inferred": {}, "header": {Header: "X-Key"}, "cookie": {Cookie: "sid"}, "query": {Query: "key"},
		"claim": {JWTClaim: "key"},
	} {
		t.Run(name, func(t *testing.T) {
			var m made
			token := jwt(`{"key":"` + secret + `"}`)
			m.add("/?key="+secret, "", "Authorization: Bearer "+token, "X-Key: "+secret, "Cookie: sid="+secret)
			how, err := Assign(m, config)
			if err != nil {
				t.Fatal(err)
			}
			if text := how + m[0].Session; strings.Contains(text, secret) || strings.Contains(text, token) {
				t.Errorf("the secret stands in %q", text)
			}
			if _, hash, ok := strings.Cut(m[0].Session, ":"); !ok || len(hash) != 16 {
				t.Errorf("session is %q", m[0].Session)
			}
		})
	}
}

func TestAssignRefuses(t *testing.T) {
	tests := map[string]struct {
		config Config
		want   string
	}{
		"two keys":    {Config{Header: "A", Client: true}, "more than one key"},
		"key unheard": {Config{Header: "A"}, "sessions by header A: none of 1 inbound requests has it"},
		"no clients": {
			Config{Client: true},
			"sessions by client (forwarded address, connection or User-Agent): none of 1 inbound requests has it",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var m made
			m.add("/", "")
			if _, err := Assign(m, test.config); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A configured key is taken however few have it: the records are not gone through for that.
func TestConfiguredKeyIsTaken(t *testing.T) {
	f, err := NewFinder(Config{Header: "A"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		r := &traffic.Record{Request: &traffic.Request{Header: http.Header{}}}
		if i == 0 {
			r.Request.Header.Set("A", "x")
		}
		f.See(r)
	}
	err = f.Decide(func(func(*traffic.Record) error) error {
		t.Error("the records are gone through")
		return nil
	})
	if err != nil || f.chosen.name != "header A" {
		t.Errorf("%v, by %s", err, f.chosen.name)
	}
}

// Connections of one request each are forgotten after a while.
func TestFinderForgets(t *testing.T) {
	f, err := NewFinder(Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := &traffic.Record{Request: &traffic.Request{}}
	for i := range 1 << 16 {
		r.Connection = strconv.Itoa(i)
		f.See(r)
	}
	if len(f.candidates) != 2 {
		t.Errorf("%d candidates are left", len(f.candidates))
	}
}

func TestAssignLeavesOutboundAlone(t *testing.T) {
	var m made
	m.add("/", "").Direction = traffic.Outbound
	m.add("/", "")
	if _, err := Assign(m, Config{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", Anonymous}, []string{m[0].Session, m[1].Session}); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
}
