package capture

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// RecorderOptions say what a [Recorder] keeps, and where.
type RecorderOptions struct {
	// Service is the name of the service that records itself.
	Service string
	// Dir is a folder in which every recorder makes one of its own, named by service and time, with
	// inbound.jsonl, outbound.jsonl and health.json.
	Dir string
	// Sink takes the records instead; then nothing is written.
	Sink Sink
	// Sample says what is recorded; the zero value takes everything.
	Sample Sampler
	// MaxBody is the longest body that is kept, in bytes; 0 means DefaultMaxBody. Queue is how many records
	// of each direction may wait to be written; 0 means DefaultQueue.
	MaxBody int64
	Queue   int
	// Redact says which values are replaced before a record is written.
	Redact Redaction
	// Upstreams are names for hosts that are called, with or without their port: "10.0.0.7:8080" to
	// "payment-api". Others are named by their host.
	Upstreams map[string]string
	// Version of the service, for the health record.
	Version string
	// Clock tells the time of records; nil means time.Now.
	Clock Clock
}

// Recorder records a Go service from within: see [Middleware] and [Transport]. It never waits: a record that
// there is no room for is dropped and counted. It is safe for concurrent use.
type Recorder struct {
	options           RecorderOptions
	inbound, outbound Tap
	sample            Sampler
	names             map[string]string
	unsampled         atomic.Int64

	dir     string
	outputs []*output
	stop    chan struct{}
	beating sync.WaitGroup
	once    sync.Once
	closed  error
}

// output is a file that is written.
type output struct {
	file   *os.File
	writer *Writer
}

// NewRecorder begins a recording. It is to be closed.
func NewRecorder(o RecorderOptions) (*Recorder, error) {
	switch {
	case o.Service == "":
		return nil, errors.New("recording: the service needs a name")
	case (o.Dir == "") == (o.Sink == nil):
		return nil, fmt.Errorf("recording %s: give either a folder or a sink", o.Service)
	}
	o.MaxBody = cmp.Or(max(0, o.MaxBody), DefaultMaxBody)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	r := &Recorder{options: o, sample: o.Sample, names: map[string]string{}, stop: make(chan struct{})}
	for host, name := range o.Upstreams {
		r.names[strings.ToLower(host)] = name
	}
	tracker := NewTracker()
	r.inbound = Tap{
		Name: o.Service, Direction: traffic.Inbound, Sink: o.Sink, Tracker: tracker, MaxBody: o.MaxBody,
		Redact: o.Redact, Clock: o.Clock,
	}
	r.outbound = r.inbound
	r.outbound.Direction = traffic.Outbound
	if o.Sink != nil {
		return r, nil
	}
	if err := r.create(); err != nil {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", o.Service, err), r.closeOutputs())
	}
	r.beating.Go(r.beat)
	return r, nil
}

// create makes the folder and what is in it.
func (r *Recorder) create() (err error) {
	name := fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(r.options.Service, string(filepath.Separator), "_"),
		r.options.Clock().UTC().Format("20060102T150405.000"), os.Getpid())
	r.dir = filepath.Join(r.options.Dir, name)
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	for _, tap := range []*Tap{&r.inbound, &r.outbound} {
		path := filepath.Join(r.dir, string(tap.Direction)+".jsonl")
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		out := &output{f, NewWriter(f, r.options.Queue)}
		r.outputs = append(r.outputs, out)
		tap.Sink = out.writer
	}
	return r.report(false)
}

// healthBeat is how often the health record is written: what it says of a process that was killed is as
// old as that.
const healthBeat = 10 * time.Second

func (r *Recorder) beat() {
	ticker := time.NewTicker(healthBeat)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
			_ = r.report(false) // the last one tells what is wrong
		}
	}
}

func (r *Recorder) report(complete bool) error {
	return Report{
		Health: r.Health(), Version: r.options.Version, Complete: complete, Written: r.options.Clock(),
		Settings: Settings{
			Share: r.sample.Share(), MaxBody: r.options.MaxBody, Redact: r.options.Redact.Rules(),
		},
	}.Write(filepath.Join(r.dir, ReportFile))
}

// Health tells how complete the recording is so far.
func (r *Recorder) Health() Health {
	h := r.inbound.Tracker.Health()
	h.Unsampled += r.unsampled.Load()
	return h
}

// Dir is the folder that is written to, "" where there is none.
func (r *Recorder) Dir() string { return r.dir }

// Close writes what waits, and the health record. It returns the first error of all writing, and is safe to
// call twice. What is asked and answered after that is dropped.
func (r *Recorder) Close() error {
	r.once.Do(func() {
		close(r.stop)
		r.beating.Wait()
		r.closed = r.closeOutputs()
		if r.dir != "" {
			r.closed = errors.Join(r.closed, r.report(r.closed == nil))
		}
	})
	return r.closed
}

func (r *Recorder) closeOutputs() error {
	var errs []error
	for _, out := range r.outputs {
		errs = append(errs, out.writer.Close(), out.file.Close())
		r.inbound.Tracker.Unwritten(out.writer.Lost())
	}
	return errors.Join(errs...)
}
