package capture

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	now := time.Now()
	a, err := NewAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(a.PEM())
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		t.Fatalf("PEM is %s", a.PEM())
	}
	long := strings.Repeat("a.", 60) + "example"
	for _, host := range []string{"api.example.com", "API.example.com.", "127.0.0.1", "::1", long} {
		leaf, err := a.Leaf(host)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(leaf.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(strings.TrimSuffix(host, "."))
		_, err = cert.Verify(x509.VerifyOptions{DNSName: name, Roots: pool(a), CurrentTime: now.Add(23 * time.Hour)})
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(a), CurrentTime: now.Add(25 * time.Hour)}); err == nil {
			t.Errorf("%s: the certificate is good for more than a day", host)
		}
		if again, _ := a.Leaf(host); again != leaf {
			t.Errorf("%s: the certificate was made twice", host)
		}
	}
	if a.Expired(now) || !a.Expired(now.Add(24*time.Hour)) {
		t.Error("expiry is told wrong")
	}
	for i := range maxLeaves + 1 {
		if _, err := a.Leaf(fmt.Sprintf("h%d.example", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.leaves) > maxLeaves {
		t.Errorf("%d certificates are kept", len(a.leaves))
	}
}

func TestRoots(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, newAuthority(t).PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	extra, bundle := write("extra.pem"), write("bundle.pem")
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "link.pem")); err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("key")})
	if err := os.WriteFile(bundle, slices.Concat(key, newAuthority(t).PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(list map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			value, ok := list[name]
			return value, ok
		}
	}
	plain, err := Roots(env(nil))
	if err != nil {
		t.Fatal(err)
	}
	count := func(b []byte) int { return strings.Count(string(b), "BEGIN CERTIFICATE") }
	cases := map[string]struct {
		env  map[string]string
		more int
	}{
		"variables": {map[string]string{"SSL_CERT_FILE": bundle, "CURL_CA_BUNDLE": bundle, "NODE_EXTRA_CA_CERTS": extra}, 2},
		"folder":    {map[string]string{"SSL_CERT_DIR": dir, "DENO_CERT": ""}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Roots(env(c.env))
			if strings.Contains(string(got), "PRIVATE KEY") {
				t.Error("a key was copied")
			}
			if err != nil || count(got) != count(plain)+c.more {
				t.Errorf("%d certificates, %v; want %d more than %d", count(got), err, c.more, count(plain))
			}
		})
	}
	if _, err := Roots(env(map[string]string{"SSL_CERT_FILE": dir + "/none"})); err == nil {
		t.Error("a file that is not there was passed over")
	}
}

func TestVariables(t *testing.T) {
	all := strings.Join(append(Proxying("127.0.0.1:3128"), Trusting("/tmp/b.pem")...), "\n")
	for _, want := range []string{
		"https_proxy=http://127.0.0.1:3128", "NO_PROXY=\n", "SSL_CERT_FILE=/tmp/b.pem", "NODE_EXTRA_CA_CERTS=/tmp/b.pem",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing in\n%s", want, all)
		}
	}
}
