package capture

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// Authority signs the certificates that a recorded service is shown in place of those of its dependencies. Its
// key exists in memory only, and it signs for servers only. It is safe for concurrent use.
type Authority struct {
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	leaf   *ecdsa.PrivateKey // that of all leaves: they are all shown by this process
	expiry time.Time

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

const (
	// authorityLife is how long an authority is good for.
	authorityLife = 24 * time.Hour
	// skew is how far clocks may be apart.
	skew = time.Hour
	// maxLeaves bounds the certificates that are kept; beyond it they are made anew.
	maxLeaves = 1024
)

// NewAuthority makes an authority that is good for 24 hours.
func NewAuthority(now time.Time) (*Authority, error) {
	a := &Authority{leaves: map[string]*tls.Certificate{}, expiry: now.Add(authorityLife)}
	var err error
	if a.key, err = newKey(); err != nil {
		return nil, err
	}
	if a.leaf, err = newKey(); err != nil {
		return nil, err
	}
	form, err := a.template("Headgate recording " + now.UTC().Format("2006-01-02 15:04"))
	if err != nil {
		return nil, err
	}
	form.IsCA, form.MaxPathLenZero = true, true
	form.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, form, form, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of the recording's authority: %w", err)
	}
	a.root, err = x509.ParseCertificate(der)
	return a, err
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for the recording's certificates: %w", err)
	}
	return key, nil
}

func (a *Authority) template(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: shortened(name)},
		NotBefore:             a.expiry.Add(-authorityLife - skew),
		NotAfter:              a.expiry,
		BasicConstraintsValid: true,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, nil
}

// shortened is a name as long as X.520 allows.
func shortened(name string) string { return name[:min(len(name), 64)] }

// PEM is the certificate that clients are to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Expired tells whether certificates of this authority are no longer good.
func (a *Authority) Expired(now time.Time) bool { return now.After(a.expiry.Add(-time.Minute)) }

// Leaf is a certificate for a host name or IP address.
func (a *Authority) Leaf(host string) (*tls.Certificate, error) {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf := a.leaves[host]; leaf != nil {
		return leaf, nil
	}
	form, err := a.template(host)
	if err != nil {
		return nil, err
	}
	form.KeyUsage = x509.KeyUsageDigitalSignature
	if ip := net.ParseIP(host); ip != nil {
		form.IPAddresses = []net.IP{ip}
	} else {
		form.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.root, a.leaf.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %q: %w", host, err)
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[host] = &tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: a.leaf}
	return a.leaves[host], nil
}
