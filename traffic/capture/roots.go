package capture

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// rootFiles are where systems keep the certificates that they trust: Debian, Fedora, openSUSE, older Red Hat,
// current Red Hat, Alpine and macOS.
func rootFiles() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
	}
}

// bundleVariables name files with certificates to trust in place of the system's.
func bundleVariables() []string {
	return []string{
		"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO",
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
	}
}

// extraVariables name files with certificates to trust besides.
func extraVariables() []string { return []string{"NODE_EXTRA_CA_CERTS", "DENO_CERT"} }

// Roots are the certificates, in PEM form, that a service with this environment trusts: those of the system, of
// SSL_CERT_DIR and of the files that the variables of [Trusting] name. It is empty where none are
// found.
func Roots(env func(string) (string, bool)) ([]byte, error) {
	var all bytes.Buffer
	for _, path := range rootFiles() {
		if b, err := os.ReadFile(path); err == nil {
			addPEM(&all, b)
			break
		}
	}
	seen := map[string]bool{"": true}
	for _, name := range append(bundleVariables(), extraVariables()...) {
		path, _ := env(name)
		if seen[path] {
			continue
		}
		seen[path] = true
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading the trusted certificates of %s: %w", name, err)
		}
		addPEM(&all, b)
	}
	list, _ := env("SSL_CERT_DIR")
	for _, dir := range filepath.SplitList(list) {
		found, _ := filepath.Glob(filepath.Join(dir, "*")) // fails for bad patterns only
		for _, path := range found {
			if b, err := os.ReadFile(path); err == nil { // links lead nowhere at times, as in every such folder
				addPEM(&all, b)
			}
		}
	}
	return all.Bytes(), nil
}

// addPEM adds certificates that are not there yet, and nothing else: some files hold a key, too.
func addPEM(all *bytes.Buffer, b []byte) {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if text := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}); !bytes.Contains(all.Bytes(), text) {
			all.Write(text)
		}
	}
}

// Trusting are the variables that make common runtimes trust the certificates in a file, those of [Roots]
// and of the authority. They are those of OpenSSL, Go, Ruby, .NET and rustls-native-certs (SSL_CERT_FILE),
// Python's requests, curl, the AWS tools, git, gRPC, Node and Deno.
func Trusting(bundle string) (env []string) {
	for _, name := range append(bundleVariables(), extraVariables()...) {
		env = append(env, name+"="+bundle)
	}
	return env
}

// Proxying are the variables that make common runtimes send their requests through the proxy at an address, to
// whatever host. Go sends what is for localhost and loopback addresses directly nevertheless.
func Proxying(address string) (env []string) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		env = append(env, name+"=http://"+address)
	}
	return append(env, "NO_PROXY=", "no_proxy=", "NODE_USE_ENV_PROXY=1")
}
