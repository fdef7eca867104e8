package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
)

type recordFlags struct {
	name, listen, target, out  string
	upstreams, postgres, hosts []string
	appPort                    int
	forward, trust, upstreamCA string
	pass, redact, sampleBy     []string
	sample, maxBody            string
	gzip                       bool
	ready                      time.Duration
	command                    []string
	// listenGiven tells that --listen is no default.
	listenGiven bool
}

func (p *program) recordCommand() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record [-- COMMAND ARGS...]",
		Short: "Record the traffic of a service, with what it calls",
		Long: `Record stands in front of a service and behind it, passes all traffic through, and stores it until the
service ends or Ctrl-C: OUT/<name>/inbound.jsonl and outbound.jsonl, and health.json, which says how
complete they are.

With a COMMAND it starts the service, with variables that send its calls through a forward proxy
(HTTP_PROXY and the like) and make it trust the certificates that TLS is recorded with (SSL_CERT_FILE,
NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE and the like). Their key stays in memory; they are good for 24
hours. The clients call --listen. What cannot be recorded is passed through and told: services that pin
certificates or use their own, and protocols other than HTTP. A COMMAND gets no standard input.

Some calls do not go through a forward proxy: Go calls localhost and loopback addresses directly; Node
looks at the variables from 22.21 and 24.5 on only; Java never does (give it -Dhttps.proxyHost,
-Dhttps.proxyPort and a trust store with the last certificate in the file of --trust). Name such
dependencies with --upstream, and databases with --postgres, and give the service their addresses; this
also works without a COMMAND.

Outbound calls are tied to the inbound request that caused them by the trace headers of W3C, B3, X-Ray,
Jaeger, Datadog and Google or by X-Request-Id and X-Correlation-Id, else where only one request was being
served; a trace id once tied so stays tied while that request is served.

Redaction rules are header:NAME (or NAME alone), query:NAME, form:NAME, cookie:NAME and json:PATH. What
they name is replaced by REDACTED before anything is stored. Statements of databases are not redacted.

Exit codes: 0 recorded, 3 wrong flags, 4 an address or folder could not be had, the service did not
become ready or ended otherwise than with exit status 0.`,
		Example: `  headgate record --name orders --app-port 8080 --out captured/ -- ./orders
  headgate record --app-port 8080 --sample 10% --redact Authorization --redact json:$..password -- ./orders
  headgate record --name orders --listen 127.0.0.1:8080 --target http://127.0.0.1:9090 \
      --upstream payment-api=127.0.0.1:8081=http://127.0.0.1:9001 \
      --postgres orders-db=127.0.0.1:6432=127.0.0.1:5432 --out captured/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.command = args
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return usage(fmt.Errorf("%q is unexpected", args[0]), "write -- before the command of the service")
			}
			f.listenGiven = cmd.Flags().Changed("listen")
			return p.record(cmd.Context(), f)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *recordFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "service", "name of the recorded service")
	flags.IntVar(&f.appPort, "app-port", 0, "port that the service listens on, at 127.0.0.1")
	flags.StringVar(&f.target, "target", "", "URL of the service, where it is not --app-port")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080",
		"address the clients call (with --app-port: 127.0.0.1:8000)")
	flags.StringArrayVar(&f.upstreams, "upstream", nil, "NAME=ADDRESS=URL of a dependency; may be repeated")
	flags.StringArrayVar(&f.postgres, "postgres", nil, "NAME=ADDRESS=HOST:PORT of a database; may be repeated")
	flags.StringVar(&f.forward, "forward", "", "address of the forward proxy (default: a free one, with a COMMAND)")
	flags.StringArrayVar(&f.hosts, "host", nil, "NAME=SERVICE: calls to the host NAME are to SERVICE; may be repeated")
	flags.StringArrayVar(&f.pass, "no-intercept", nil,
		"host whose TLS is passed through unrecorded, such as *.example.com; may be repeated")
	flags.StringVar(&f.upstreamCA, "upstream-ca", "", "file of certificates that dependencies may be signed by")
	flags.StringVar(&f.trust, "trust", "",
		"file to write the certificates to that the service has to trust (default: one that is removed at the end)")
	flags.StringVar(&f.sample, "sample", "100%", "share of the requests that is recorded, with all that they cause")
	flags.StringArrayVar(&f.sampleBy, "sample-by", nil,
		"header of requests that are sampled together, such as Authorization; may be repeated (default: by trace, "+
			"else connection)")
	flags.StringVar(&f.maxBody, "max-body", "10MiB", "longest body that is stored")
	flags.StringArrayVar(&f.redact, "redact", nil, "what is not stored, such as query:token; may be repeated")
	flags.DurationVar(&f.ready, "ready", time.Minute, "how long the service may take to listen")
	flags.StringVar(&f.out, "out", "captured", "folder to record into; nothing in it is overwritten")
	flags.BoolVar(&f.gzip, "gzip", false, "compress the files")
}

func (p *program) record(ctx context.Context, f recordFlags) error {
	plan, err := f.plan(p.env)
	if err != nil {
		return err
	}
	rec := newTape(plan)
	err = p.recordAll(ctx, rec)
	ended, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err = errors.Join(err, rec.end(ended)); rec.started {
		p.printHealth(rec)
	}
	return err
}

// recordAll opens everything, starts the service where that is asked for, and waits.
func (p *program) recordAll(ctx context.Context, rec *tape) error {
	if err := rec.open(ctx); err != nil {
		return err
	}
	p.tellTape(rec)
	if len(rec.command) == 0 {
		fmt.Fprintln(p.out, "Ctrl-C ends the recording")
		return rec.wait(ctx, nil)
	}
	app, err := p.startApp(ctx, rec)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	fmt.Fprintf(p.out, "headgate: %s is ready; call http://%s; Ctrl-C ends it and the recording\n",
		rec.name, rec.hops[0].listen)
	return rec.wait(ctx, app)
}

// unlessEnded is nil where the user has ended the recording: what fails then is no fault.
func unlessEnded(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// tellTape says what is recorded where.
func (p *program) tellTape(rec *tape) {
	for _, h := range rec.hops {
		fmt.Fprintf(p.out, "recording %-8s %s -> %s as %s\n", h.direction, h.listen, h.target, h.name)
	}
	for _, d := range rec.databases {
		fmt.Fprintf(p.out, "recording %-8s %s -> %s as %s: give the service this address, such as "+
			"postgres://USER@%s/DATABASE?sslmode=disable\n", "postgres", d.listen, d.target, d.name, d.listen)
	}
	if rec.forward != "" {
		fmt.Fprintf(p.out, "recording %-8s what is sent through the proxy http://%s\n", "outbound", rec.forward)
	}
	if variable := p.outerProxy(); rec.forward != "" && variable != "" {
		fmt.Fprintf(p.err, "warning: %s is set; what the service sends through the recording goes out directly, not through "+
			"the proxy that it names\n", variable)
	}
	if rec.forward != "" && len(rec.command) == 0 {
		fmt.Fprintf(p.out, "start the service with HTTP_PROXY and HTTPS_PROXY=http://%s and SSL_CERT_FILE=%s\n",
			rec.forward, rec.bundle)
	}
}

// outerProxy is a variable that names a proxy between this machine and the outside, "" where there is none.
func (p *program) outerProxy() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if value, _ := p.env(name); value != "" {
			return name
		}
	}
	return ""
}

func (p *program) printHealth(rec *tape) {
	h := rec.tracker.Health()
	fmt.Fprintf(p.out, "recorded %d inbound and %d outbound exchanges", h.Inbound, h.Outbound)
	if h.Unsampled > 0 {
		fmt.Fprintf(p.out, ", passed %d by as --sample says", h.Unsampled)
	}
	fmt.Fprintln(p.out)
	for _, line := range h.Losses() {
		fmt.Fprintf(p.err, "warning: %s\n", line)
	}
	if rec.forward != "" && h.Inbound > 0 && h.Outbound == 0 && len(h.Tunnels) == 0 {
		fmt.Fprintln(p.err, "warning: nothing came through the forward proxy: the service calls nobody, or its runtime "+
			"does not look at HTTP_PROXY (see headgate record --help); then name what it calls with --upstream")
	}
	if h.Outbound > 0 && h.Inbound > 0 && h.Unprompted > 0 {
		fmt.Fprintf(p.out, "%d outbound calls were made while no request was being served\n", h.Unprompted)
	}
}

// refuseAddress says that something cannot be had on this machine.
func refuseAddress(name string, err error) error {
	return &engine.Fault{
		Verdict: engine.Environment, Err: fmt.Errorf("%s: %w", name, err), Hint: "choose a free address",
	}
}
