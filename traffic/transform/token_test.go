package transform

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// issued is a token of production, signed with a secret that nobody here knows.
func issued(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "prod-1"
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func hs(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	return issued(t, jwt.SigningMethodHS256, []byte("production"), claims)
}

func TestUserTokens(t *testing.T) {
	alice, bob := hs(t, jwt.MapClaims{"sub": "alice", "uid": 7}), hs(t, jwt.MapClaims{"sub": "bob"})
	files := map[string]string{"users.csv": "alice,shadow-a\n7,\"Token seven\"\n"}
	cases := map[string]struct {
		settings, header string
		outbound         bool
		want, fails      string
	}{
		"mapped, with its scheme": {header: "Bearer " + alice, want: "Bearer shadow-a"},
		"a token with a scheme":   {settings: ", claim: uid", header: "Bearer " + alice, want: "Token seven"},
		"without a scheme":        {header: alice, want: "shadow-a"},
		"the default": {
			settings: ", default: Bearer other", header: "Bearer " + bob,
			want: "Bearer other",
		},
		"the default for no token": {settings: ", default: Bearer other", header: "Basic abc", want: "Bearer other"},
		"a user without a token": {
			header: "Bearer " + bob,
			fails:  `record r1: user_tokens: users.csv has no token for sub "bob"`,
		},
		"what is no token": {
			header: "Basic abc",
			fails:  "the Authorization header holds no JSON Web Token with the claim sub",
		},
		"no claim": {
			settings: ", claim: role", header: "Bearer " + alice,
			fails: "with the claim role",
		},
		"calls of the service stay": {header: "Basic abc", outbound: true, want: "Basic abc"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, `[{user_tokens: {header: Authorization, map: users.csv`+tc.settings+`}}]`, files)
			r := record("/a", "", "{}", "Authorization: "+tc.header)
			if tc.outbound {
				r.Direction = traffic.Outbound
			}
			err := c.Apply(r)
			switch {
			case tc.fails != "":
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("error: %v", err)
				}
				if err != nil && strings.Contains(err.Error(), tc.header) {
					t.Errorf("the token shows in %v", err)
				}
			case err != nil:
				t.Error(err)
			case r.Request.Header.Get("Authorization") != tc.want:
				t.Errorf("got %q", r.Request.Header.Get("Authorization"))
			}
		})
	}
}

func TestUnknownClaim(t *testing.T) {
	c := mustLoad(t, `[{user_tokens: {header: Authorization, claim: usr, default: x, map: u.csv}}]`,
		map[string]string{"u.csv": "a,b\n"})
	if err := c.Apply(record("/", "", "{}",
		"Authorization: Bearer "+hs(t, jwt.MapClaims{"sub": "a"}))); err != nil {
		t.Fatal(err)
	}
	if ds := c.Check(); !strings.Contains(ds.Error(),
		"user_tokens Authorization by the claim usr applies to none of 1 records") {
		t.Errorf("findings: %v", ds)
	}
}

func pemKey(t *testing.T, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestSignedAnew(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{
		"sub": "alice", "iss": "prod", "big": 9007199254740993,
		"iat": start.Add(-time.Hour).Unix(), "exp": start.Add(time.Hour).Unix(), "nbf": start.Add(time.Minute).Unix(),
	}
	cases := map[string]struct {
		method jwt.SigningMethod
		prod   any
		file   string
		verify any
		fails  string
	}{
		"HS256": {
			method: jwt.SigningMethodHS256, prod: []byte("p"), file: "test-secret\n",
			verify: []byte("test-secret"),
		},
		"HS512": {
			method: jwt.SigningMethodHS512, prod: []byte("p"), file: "test-secret",
			verify: []byte("test-secret"),
		},
		"RS256": {
			method: jwt.SigningMethodRS256, prod: rsaKey, file: pemKey(t, rsaKey),
			verify: &rsaKey.PublicKey,
		},
		"PS256": {
			method: jwt.SigningMethodPS256, prod: rsaKey, file: pemKey(t, rsaKey),
			verify: &rsaKey.PublicKey,
		},
		"ES256": {
			method: jwt.SigningMethodES256, prod: ecKey, file: pemKey(t, ecKey),
			verify: &ecKey.PublicKey,
		},
		"EdDSA": {
			method: jwt.SigningMethodEdDSA, prod: edKey, file: pemKey(t, edKey),
			verify: public,
		},
		"a secret for RS256": {
			method: jwt.SigningMethodRS256, prod: rsaKey, file: "s",
			fails: "signed with RS256, but test.key holds a secret",
		},
		"no algorithm": {
			method: jwt.SigningMethodNone, prod: jwt.UnsafeAllowNoneSignatureType, file: "s",
			fails: "has the algorithm none and no signature",
		},
		"an RSA key for HS256": {
			method: jwt.SigningMethodHS256, prod: []byte("p"), file: pemKey(t, rsaKey),
			fails: "holds an RSA key",
		},
		"a key of another size": {
			method: jwt.SigningMethodES384, prod: p384(t), file: pemKey(t, ecKey),
			fails: "signing with ES384",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t,
				`[{jwt: {header: Authorization, key_file: test.key, shift_times: true, claims: {iss: test, roles: [a]}}}]`,
				map[string]string{"test.key": tc.file})
			r := record("/", "", "{}", "Authorization: Bearer "+issued(t, tc.method, tc.prod, claims))
			err := c.Apply(r)
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Errorf("error: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			scheme, text := splitScheme(r.Request.Header.Get("Authorization"))
			token, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return tc.verify, nil },
				jwt.WithTimeFunc(func() time.Time { return later }), jwt.WithIssuedAt(), jwt.WithJSONNumber())
			if err != nil || scheme != "Bearer " || token.Method != tc.method || token.Header["kid"] != "prod-1" {
				t.Fatalf("%s%v: %v", scheme, token, err)
			}
			got, _ := token.Claims.(jwt.MapClaims)
			want := map[string]string{"sub": "alice", "iss": "test", "big": "9007199254740993"}
			for name, value := range want {
				if text := strings.Trim(claimOf(text, name), `"`); text != value {
					t.Errorf("%s is %s", name, text)
				}
			}
			expires, err := got.GetExpirationTime()
			if err != nil || !expires.Equal(later.Add(time.Hour)) {
				t.Errorf("exp is %v, %v", expires, err)
			}
			if before, err := got.GetNotBefore(); err != nil || before.After(later) {
				t.Errorf("nbf is %v, %v", before, err)
			}
		})
	}
}

func p384(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWhatIsNoTokenStays(t *testing.T) {
	c := mustLoad(t, `[{jwt: {header: Authorization, key_file: k}}]`, map[string]string{"k": "s"})
	for _, value := range []string{"Basic abc", "Bearer opaque", "Bearer a.b.c", "Bearer ..", ""} {
		r := record("/", "", "{}", "Authorization: "+value)
		if err := c.Apply(r); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(value, r.Request.Header.Get("Authorization")); diff != "" {
			t.Error(diff)
		}
	}
	if c.Check().Err() == nil {
		t.Error("it has signed something")
	}
}
