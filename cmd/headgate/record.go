package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
)

type recordFlags struct {
	name, listen, target, out string
	upstreams, redact         []string
	gzip                      bool
}

func (p *program) recordCommand() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record traffic through reverse proxies",
		Long: `Record stands in front of a service and of each dependency it calls, passes all traffic through, and
stores it until Ctrl-C: OUT/<name>/inbound.jsonl for the service and OUT/<name>/outbound.jsonl for
each dependency. Point the clients at --listen, and the service at the upstreams' addresses.

Outbound calls are tied to the inbound request that caused them by their traceparent, X-Request-Id
or X-Correlation-Id header, else where only one request was being served.

Exit codes: 0 recorded, 3 wrong flags, 4 an address or folder could not be had.`,
		Example: `  headgate record --name orders --listen 127.0.0.1:8080 --target http://127.0.0.1:9090 \
      --upstream payment-api=127.0.0.1:8081=http://127.0.0.1:9001 \
      --upstream catalog-api=127.0.0.1:8082=http://127.0.0.1:9002 --out captured/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.record(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "service", "name of the recorded service")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address the clients call")
	flags.StringVar(&f.target, "target", "", "URL of the service (required)")
	flags.StringArrayVar(&f.upstreams, "upstream", nil, "NAME=ADDRESS=URL of a dependency; may be repeated")
	flags.StringVar(&f.out, "out", "captured", "folder to record into; nothing in it is overwritten")
	flags.StringArrayVar(&f.redact, "redact", nil, "header whose values are not stored; may be repeated")
	flags.BoolVar(&f.gzip, "gzip", false, "compress the files")
	return cmd
}

// hop is one reverse proxy.
type hop struct {
	name, listen string
	target       *url.URL
	direction    traffic.Direction
}

func (f recordFlags) hops() ([]hop, error) {
	if f.target == "" {
		return nil, usage(errors.New("--target is missing"), "for example --target http://127.0.0.1:9090")
	}
	first, err := newHop(f.name, f.listen, f.target, traffic.Inbound)
	if err != nil {
		return nil, err
	}
	hops, names := []hop{first}, map[string]bool{f.name: true}
	for _, u := range f.upstreams {
		parts := strings.SplitN(u, "=", 3)
		if len(parts) != 3 || parts[0] == "" {
			return nil, usage(fmt.Errorf("--upstream %s: expected NAME=ADDRESS=URL", u),
				"for example --upstream payment-api=127.0.0.1:8081=http://127.0.0.1:9001")
		}
		if names[parts[0]] {
			return nil, usage(fmt.Errorf("--upstream %s: the name %s is taken", u, parts[0]), "choose another name")
		}
		names[parts[0]] = true
		h, err := newHop(parts[0], parts[1], parts[2], traffic.Outbound)
		if err != nil {
			return nil, err
		}
		hops = append(hops, h)
	}
	return hops, nil
}

func newHop(name, listen, target string, d traffic.Direction) (hop, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return hop{}, usage(fmt.Errorf("%s: %q is no http or https URL", name, target), "for example http://127.0.0.1:9090")
	}
	return hop{name: name, listen: listen, target: u, direction: d}, nil
}

// tape is what is open while traffic is recorded.
type tape struct {
	tracker *capture.Tracker
	close   []func() error
	failed  chan error
}

func (p *program) record(ctx context.Context, f recordFlags) error {
	hops, err := f.hops()
	if err != nil {
		return err
	}
	rec := &tape{tracker: capture.NewTracker(), failed: make(chan error, len(hops))}
	for _, h := range hops {
		if err := rec.open(h, f); err != nil {
			return errors.Join(err, rec.end())
		}
		fmt.Fprintf(p.out, "recording %-8s %s -> %s as %s\n", h.direction, h.listen, h.target, h.name)
	}
	fmt.Fprintln(p.out, "Ctrl-C ends the recording")
	select {
	case <-ctx.Done():
	case err = <-rec.failed:
	}
	err = errors.Join(err, rec.end())
	p.printHealth(rec.tracker.Health())
	return err
}

// open starts one proxy and everything behind it.
func (rec *tape) open(h hop, f recordFlags) error {
	l, err := net.Listen("tcp", h.listen)
	if err != nil {
		return &engine.Fault{
			Verdict: engine.Environment, Err: fmt.Errorf("%s: %w", h.name, err), Hint: "choose a free address",
		}
	}
	rec.close = append(rec.close, func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	file, err := createNew(filepath.Join(f.out, h.name, string(h.direction)+".jsonl"), f.gzip)
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another folder with --out"}
	}
	writer := capture.NewWriter(file, 0)
	rec.close = append(rec.close, func() error { return errors.Join(writer.Close(), file.Close()) })
	proxy, err := capture.NewProxy(capture.Options{
		Name: h.name, Direction: h.direction, Target: h.target, Sink: writer, Tracker: rec.tracker, Redact: f.redact,
	})
	if err != nil {
		return err
	}
	rec.serve(l, proxy)
	return nil
}

func (rec *tape) serve(l net.Listener, proxy *capture.Proxy) {
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 30 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			rec.failed <- err
		}
	}()
	rec.close = append(rec.close, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		<-stopped
		proxy.Close()
		return err
	})
}

// end closes everything in reverse order: the servers before the files they write to.
func (rec *tape) end() error {
	var errs []error
	for i := len(rec.close) - 1; i >= 0; i-- {
		errs = append(errs, rec.close[i]())
	}
	return errors.Join(errs...)
}

func (p *program) printHealth(h capture.Health) {
	fmt.Fprintf(p.out, "recorded %d inbound and %d outbound exchanges\n", h.Inbound, h.Outbound)
	for _, loss := range []struct {
		n    int64
		what string
	}{
		{h.Dropped, "records were dropped: the disk could not keep up"},
		{h.Truncated, "bodies are missing: too large, or not sent to their end"},
		{h.Upgraded, "connections were upgraded and not recorded"},
		{h.Failed, "requests had no answer and were not recorded; the last: " + h.LastFailure},
		{h.Ambiguous, "outbound calls could not be tied to one inbound request"},
	} {
		if loss.n > 0 {
			fmt.Fprintf(p.err, "warning: %d %s\n", loss.n, loss.what)
		}
	}
}

// createNew makes a file that must not be there yet, compressed where asked.
func createNew(path string, compress bool) (io.WriteCloser, error) {
	if compress {
		path += ".gz"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil || !compress {
		return f, err
	}
	return &gzipFile{Writer: gzip.NewWriter(f), file: f}, nil
}

// gzipFile closes the compressor and the file below it.
type gzipFile struct {
	*gzip.Writer
	file *os.File
}

// Close ends the stream and the file.
func (g *gzipFile) Close() error { return errors.Join(g.Writer.Close(), g.file.Close()) }
