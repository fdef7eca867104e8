package main

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
)

// tape is what is open while traffic is recorded.
type tape struct {
	*recordPlan

	tracker     *capture.Tracker
	connections *capture.Connections
	own         []string // addresses that are listened at
	bundle      string   // file of the certificates that the service is to trust
	health      string   // file that says how complete the recording is
	started     bool
	closers     []func(context.Context) error
	failed      chan error
}

func newTape(plan *recordPlan) *tape {
	rec := &tape{
		recordPlan: plan, tracker: capture.NewTracker(), connections: capture.NewConnections(),
		failed: make(chan error, len(plan.hops)+len(plan.databases)+1),
	}
	rec.tap.Tracker = rec.tracker
	return rec
}

// open starts all proxies and everything behind them.
func (rec *tape) open(ctx context.Context) error {
	for i := range rec.hops {
		if err := rec.openHop(ctx, &rec.hops[i]); err != nil {
			return err
		}
	}
	for i := range rec.databases {
		if err := rec.openDatabase(ctx, &rec.databases[i]); err != nil {
			return err
		}
	}
	if rec.forward != "" {
		if err := rec.openForward(ctx); err != nil {
			return err
		}
	}
	rec.started = true
	rec.health = filepath.Join(rec.out, rec.name, capture.ReportFile)
	if err := os.MkdirAll(filepath.Dir(rec.health), 0o755); err != nil {
		return err
	}
	return rec.report(false)
}

// newTap opens the file that records of a service go to.
func (rec *tape) newTap(name string, d traffic.Direction) (capture.Tap, error) {
	tap := rec.tap
	tap.Name, tap.Direction = name, d
	path := filepath.Join(rec.out, name, string(d)+".jsonl")
	if rec.gzip {
		path += ".gz"
	}
	file, err := createNew(path, rec.gzip)
	if err != nil {
		return tap, &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another folder with --out"}
	}
	writer := capture.NewWriter(file, 0)
	tap.Sink = writer
	rec.closing(func(context.Context) error {
		err := errors.Join(writer.Close(), file.Close())
		rec.tracker.Unwritten(writer.Lost())
		if err == nil && writer.Written() == 0 {
			return os.Remove(path) // an empty file would only be in the way of the next attempt
		}
		return err
	})
	return tap, nil
}

func (rec *tape) closing(f func(context.Context) error) { rec.closers = append(rec.closers, f) }

// reportTime is how often the health record is written anew.
const reportTime = 10 * time.Second

// wait waits until the recording is to end: by the user, as a proxy has failed, or with the service.
func (rec *tape) wait(ctx context.Context, app services.Instance) error {
	var exited <-chan struct{}
	if app != nil {
		exited = app.Exited()
	}
	tick := time.NewTicker(reportTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-rec.failed:
			return environment(err)
		case <-exited:
			return rec.exit(app.Exit())
		case <-tick.C:
			_ = rec.report(false) // the service goes on; the last report tells what is wrong
		}
	}
}

// report writes the health record.
func (rec *tape) report(complete bool) error {
	return capture.Report{
		Health: rec.tracker.Health(), Version: version, Complete: complete, Written: time.Now().UTC(),
		Settings: capture.Settings{
			Share: rec.tap.Sample.Share(), MaxBody: rec.tap.MaxBody, Redact: rec.tap.Redact.Rules(),
		},
	}.Write(rec.health)
}

// end closes everything in reverse order: the service before the proxies, and those before the files they
// write to.
func (rec *tape) end(ctx context.Context) error {
	var errs []error
	for _, f := range slices.Backward(rec.closers) {
		errs = append(errs, f(ctx))
	}
	if rec.started {
		errs = append(errs, rec.report(errors.Join(errs...) == nil))
	}
	return errors.Join(errs...)
}

// createNew is createPrivate, compressed where asked.
func createNew(path string, compress bool) (io.WriteCloser, error) {
	f, err := createPrivate(path)
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
