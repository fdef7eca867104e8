package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
)

// recordPlan is what the flags of record say.
type recordPlan struct {
	recordFlags

	// hops begin with the one in front of the service, where there is one.
	hops      []hop
	databases []database
	names     map[string]string // services by host
	tap       capture.Tap       // what all taps have in common
	trusted   []byte            // certificates in PEM form that the service trusts as it is
	roots     *x509.CertPool    // who may sign the certificates of dependencies
	known     time.Time
}

// hop is one reverse proxy.
type hop struct {
	name, listen string
	target       *url.URL
	direction    traffic.Direction
}

// database is one proxy of a database.
type database struct{ name, listen, target string }

func (f recordFlags) plan(env func(string) (string, bool)) (*recordPlan, error) {
	plan := &recordPlan{recordFlags: f, names: map[string]string{}, known: time.Now()}
	for _, step := range []func() error{
		plan.front, plan.behind, plan.hostNames, plan.taps,
		func() error { return plan.certificates(env) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if len(plan.command) > 0 && plan.forward == "" {
		plan.forward = "127.0.0.1:0"
	}
	return plan, nil
}

// front is what stands in front of the service.
func (r *recordPlan) front() error {
	switch {
	case r.target != "" && r.appPort != 0:
		return usage(errors.New("--target and --app-port are given"), "leave one of them out")
	case r.appPort < 0 || r.appPort > 65535:
		return usage(fmt.Errorf("--app-port %d: expected a number from 1 to 65535", r.appPort), "")
	case r.appPort == 0 && len(r.command) > 0:
		return usage(errors.New("--app-port is missing"), "name the port that the service listens on")
	case r.target == "" && r.appPort == 0 && !r.listenGiven && r.dependencies():
		return nil
	case r.target == "" && r.appPort == 0:
		return usage(errors.New("--target is missing"),
			"for example --target http://127.0.0.1:9090, or --app-port 9090 -- ./service to have it started; what the "+
				"service calls can be recorded alone, without --listen")
	}
	if r.appPort != 0 {
		r.target = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(r.appPort))
		if !r.listenGiven {
			r.listen = "127.0.0.1:8000"
		}
	}
	first, err := newHop(r.name, r.listen, r.target, traffic.Inbound)
	r.hops = append(r.hops, first)
	return err
}

// dependencies tells whether there is something to record behind the service.
func (r *recordPlan) dependencies() bool {
	return len(r.upstreams)+len(r.postgres) > 0 || r.forward != ""
}

// behind is what stands in front of the dependencies.
func (r *recordPlan) behind() error {
	taken := map[string]bool{r.name: true}
	for _, u := range r.upstreams {
		parts, err := threeParts("--upstream", u, "payment-api=127.0.0.1:8081=http://127.0.0.1:9001", taken)
		if err != nil {
			return err
		}
		h, err := newHop(parts[0], parts[1], parts[2], traffic.Outbound)
		if err != nil {
			return err
		}
		r.hops = append(r.hops, h)
	}
	for _, u := range r.postgres {
		parts, err := threeParts("--postgres", u, "orders-db=127.0.0.1:6432=127.0.0.1:5432", taken)
		if err != nil {
			return err
		}
		r.databases = append(r.databases, database{parts[0], parts[1], parts[2]})
	}
	return nil
}

// threeParts cuts NAME=ADDRESS=TARGET; the name must be a new one.
func threeParts(flag, text, example string, taken map[string]bool) ([]string, error) {
	parts := strings.SplitN(text, "=", 3)
	if len(parts) != 3 || parts[0] == "" {
		return nil, usage(fmt.Errorf("%s %s: expected NAME=ADDRESS=TARGET", flag, text),
			"for example "+flag+" "+example)
	}
	if taken[parts[0]] {
		return nil, usage(fmt.Errorf("%s %s: the name %s is taken", flag, text, parts[0]), "choose another name")
	}
	taken[parts[0]] = true
	return parts, nil
}

func newHop(name, listen, target string, d traffic.Direction) (hop, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return hop{}, usage(fmt.Errorf("%s: %q is no http or https URL", name, target), "for example http://127.0.0.1:9090")
	}
	if ownAddress([]string{listen}, addressOf(u)) {
		return hop{}, usage(fmt.Errorf("%s: the address to listen at, %s, is that of its target", name, listen),
			"choose another address to listen at")
	}
	return hop{name: name, listen: listen, target: u, direction: d}, nil
}

// addressOf is the host and port that an http or https URL leads to.
func addressOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func (r *recordPlan) hostNames() error {
	for _, text := range r.hosts {
		name, service, ok := strings.Cut(text, "=")
		if !ok || name == "" || service == "" {
			return usage(fmt.Errorf("--host %s: expected NAME=SERVICE", text),
				"for example --host payments.example.com=payment-api")
		}
		r.names[strings.ToLower(name)] = service
	}
	return nil
}

// taps is what is recorded of what passes.
func (r *recordPlan) taps() error {
	share, err := spec.ParseRatio(r.sample)
	if err != nil {
		return usage(fmt.Errorf("--sample: %w", err), "")
	}
	body, err := spec.ParseBytes(r.maxBody)
	if err == nil && body <= 0 {
		err = errors.New("it must be more than 0B")
	}
	if err != nil {
		return usage(fmt.Errorf("--max-body: %w", err), "")
	}
	r.tap.MaxBody = int64(body)
	if r.tap.Redact, err = capture.NewRedaction(r.redact...); err != nil {
		return usage(err, "for example --redact Authorization --redact json:$..password")
	}
	if r.tap.Sample, err = capture.NewSampler(float64(share), r.sampleBy...); err != nil {
		return usage(err, "")
	}
	return nil
}

// certificates are those that the service and this program trust.
func (r *recordPlan) certificates(env func(string) (string, bool)) (err error) {
	if r.forward == "" && len(r.command) == 0 {
		if r.upstreamCA == "" {
			return nil
		}
		return r.upstreamRoots()
	}
	if r.trusted, err = capture.Roots(env); err != nil {
		return usage(err, "mend the variable that names it, or unset it")
	}
	return r.upstreamRoots()
}

func (r *recordPlan) upstreamRoots() (err error) {
	if r.roots, err = x509.SystemCertPool(); err != nil {
		r.roots = x509.NewCertPool()
	}
	r.roots.AppendCertsFromPEM(r.trusted)
	if r.upstreamCA == "" {
		return nil
	}
	b, err := os.ReadFile(r.upstreamCA)
	if err != nil {
		return usage(fmt.Errorf("--upstream-ca: %w", err), "")
	}
	if !bytes.Contains(b, []byte("-----BEGIN")) || !r.roots.AppendCertsFromPEM(b) {
		return usage(fmt.Errorf("--upstream-ca %s: it holds no certificate in PEM form", r.upstreamCA), "")
	}
	return nil
}
