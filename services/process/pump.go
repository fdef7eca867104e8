package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/services"
)

const (
	// maxLine bounds a line; what goes beyond is dropped and the line is marked.
	maxLine = 1 << 20
	// cutMark ends a line that was too long.
	cutMark = " ... (line cut at 1 MiB)"
)

// pumps hand the outputs of one child to its sink, line by line.
type pumps struct {
	mu      sync.Mutex // makes the sink be called from one goroutine at a time
	sink    services.LogSink
	readers []*os.File
	done    chan struct{} // closed when all pumps have ended
}

func newPumps(sink services.LogSink) *pumps {
	return &pumps{sink: sink, done: make(chan struct{})}
}

// open makes one pipe for each stream and starts its pump. The ends for writing are the caller's to
// close.
func (p *pumps) open(streams ...string) ([]*os.File, error) {
	var writers []*os.File
	for range streams {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range append(writers, p.readers...) {
				f.Close()
			}
			return nil, err
		}
		p.readers, writers = append(p.readers, r), append(writers, w)
	}
	var running sync.WaitGroup
	for i, r := range p.readers {
		running.Go(func() { p.pump(r, streams[i]) })
	}
	go func() {
		running.Wait()
		close(p.done)
	}()
	return writers, nil
}

func (p *pumps) wait() { <-p.done }

// waitFor waits for the end of the output, for at most d, and tells whether it came.
func (p *pumps) waitFor(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// abandon ends the pumps although somebody still has the output open.
func (p *pumps) abandon() {
	for _, r := range p.readers {
		r.Close()
	}
}

// pump reads until the end of the output. What stands there without a newline at the end is a line.
func (p *pumps) pump(r io.ReadCloser, stream string) {
	defer r.Close()
	in := bufio.NewReaderSize(r, 64<<10)
	var l line
	for {
		part, err := in.ReadSlice('\n')
		l.add(bytes.TrimSuffix(part, []byte("\n")))
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil || len(l.text) > 0 {
			p.emit(stream, l.String())
		}
		if err != nil {
			return
		}
		l = line{}
	}
}

func (p *pumps) emit(stream, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sink(services.Line{Time: time.Now(), Stream: stream, Text: text})
}

// line is put together from the parts that fit into the reader's buffer.
type line struct {
	text []byte
	cut  bool
}

func (l *line) add(part []byte) {
	if room := maxLine - len(l.text); len(part) > room {
		part, l.cut = part[:room], true
	}
	l.text = append(l.text, part...)
}

func (l *line) String() string {
	if l.cut {
		return string(l.text) + cutMark
	}
	return string(bytes.TrimSuffix(l.text, []byte("\r")))
}
