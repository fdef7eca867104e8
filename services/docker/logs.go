package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

const (
	// maxLine bounds a line; what goes beyond is dropped and the line is marked.
	maxLine = 1 << 20
	cutMark = " ... (line cut at 1 MiB)"
)

// lineWriter hands what is written to a sink line by line.
type lineWriter struct {
	sink   services.LogSink
	stream string
	line   []byte
	cut    bool
}

func newLineWriter(sink services.LogSink, stream string) *lineWriter {
	return &lineWriter{sink: sink, stream: stream}
}

func (w *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for {
		part, rest, found := bytes.Cut(b, []byte("\n"))
		w.add(part)
		if !found {
			return n, nil
		}
		w.emit()
		b = rest
	}
}

func (w *lineWriter) add(part []byte) {
	if room := maxLine - len(w.line); len(part) > room {
		part, w.cut = part[:room], true
	}
	w.line = append(w.line, part...)
}

func (w *lineWriter) emit() {
	text := string(bytes.TrimSuffix(w.line, []byte("\r")))
	if w.cut {
		text = string(w.line) + cutMark
	}
	w.line, w.cut = w.line[:0], false
	w.sink(services.Line{Time: time.Now(), Stream: w.stream, Text: text})
}

// flush hands on what stands there without a newline.
func (w *lineWriter) flush() {
	if len(w.line) > 0 {
		w.emit()
	}
}

// oneAtATime makes a sink be called by one goroutine at a time; nil becomes a sink that drops all.
func oneAtATime(sink services.LogSink) services.LogSink {
	if sink == nil {
		return func(services.Line) {}
	}
	var mu sync.Mutex
	return func(l services.Line) {
		mu.Lock()
		defer mu.Unlock()
		sink(l)
	}
}

// output is what a container writes, from before its start: attached to, since reading the engine's log
// while it is written may miss the end, and some engines keep no log that can be read.
type output struct {
	stream client.HijackedResponse
	sink   services.LogSink
	done   chan struct{} // closed at its end
}

// attach begins to hand on what a container that is not yet started will write.
func (e *Engine) attach(ctx context.Context, id string, sink services.LogSink) (*output, error) {
	res, err := e.client.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("attaching to its output: %w", err)
	}
	o := &output{stream: res.HijackedResponse, sink: sink, done: make(chan struct{})}
	go o.pump()
	return o, nil
}

func (o *output) pump() {
	defer close(o.done)
	out, errs := newLineWriter(o.sink, "stdout"), newLineWriter(o.sink, "stderr")
	_, err := stdcopy.StdCopy(out, errs, o.stream.Reader)
	out.flush()
	errs.flush()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		text := "headgate: the rest of the output is lost: " + plain(err).Error()
		o.sink(services.Line{Time: time.Now(), Stream: "stderr", Text: text})
	}
}

// close waits for the end of the output, for at most d, and gives it up then.
func (o *output) close(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-o.done:
	case <-timer.C:
	}
	o.stream.Close()
	<-o.done
}
