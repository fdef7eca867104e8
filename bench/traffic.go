package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// sample is how much of each format is read for the rates, in bytes, and least is for how much processor time
// it is read again and again.
const (
	sample = 32 << 20
	least  = 2 * time.Second
)

// traffic measures what a capture costs to read: time, and memory.
func (o options) traffic(ctx context.Context, rounds int) error {
	list := slices.DeleteFunc(forms(), func(f form) bool {
		return o.formats != "" && !slices.Contains(strings.Split(o.formats, ","), f.name)
	})
	if err := reading(ctx, rounds, list); err != nil {
		return err
	}
	return footprint(ctx, o.large, list)
}

// reading measures the readers of captures, and changing records, each in a process of its own with one core.
// Processor time counts: on a machine with other work to do it tells more than the time that has passed.
func reading(ctx context.Context, rounds int, list []form) error {
	t := newTable("records of captures, by processor time", "headgate", "target", "peer", "peer's", "x peer")
	for _, f := range list {
		if len(f.peers) == 0 {
			continue
		}
		rates, err := f.compared(ctx, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		unit, scale := "MB/s", 1.0
		if f.lines {
			unit, scale = "k lines/s", 1000
		}
		for i, p := range f.peers {
			t.row(f.name, "%.0f %s\t>= %.0f\t%s\t%.0f\t%.2f", rates[0]/scale, unit, f.target/scale, p.name,
				rates[i+1]/scale, rates[0]/rates[i+1])
		}
	}
	if err := transformRow(ctx, t, rounds); err != nil {
		return fmt.Errorf("transforms: %w", err)
	}
	return t.Flush()
}

// compared are the rates of the reader and of its peers.
func (f *form) compared(ctx context.Context, rounds int) ([]float64, error) {
	all := make([][]float64, 1+len(f.peers))
	for range rounds {
		for i := range all {
			out, err := f.child(ctx, fmt.Sprintf("%s/%d", f.name, i), sample)
			if err != nil {
				return nil, err
			}
			rate, err := strconv.ParseFloat(out, 64)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], rate)
		}
	}
	rates := make([]float64, len(all))
	for i, list := range all {
		rates[i] = median(list)
	}
	return rates, nil
}

// child has a process read a capture that is made while it is read, and returns what it prints.
func (f *form) child(ctx context.Context, role string, size int) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := pinned(ctx, 0, exe, "-role", "read", "-target", role)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	err = f.make(in, size)
	err = errors.Join(err, in.Close(), cmd.Wait())
	return strings.TrimSpace(out.String()), err
}

// make writes a capture of at least so many bytes. Its exchanges come again, each time with ids and times of
// their own.
func (f *form) make(w io.Writer, size int) error {
	to := &counter{Writer: w}
	c := f.write(to)
	some := make([]*traffic.Record, 1000)
	for i := range some {
		some[i] = captured(i)
	}
	for i := 0; to.n < size; i++ {
		r := *some[i%len(some)]
		stamp(&r, i)
		if err := c.add(&r); err != nil {
			return err
		}
	}
	return c.end()
}

type counter struct {
	io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.n += n
	return n, err
}

// readRole is the process that reads: "form/0" by our reader, "form/1" by its first peer, "form/memory" to
// find out the memory that our reader needs, "transforms/0" and "transforms/1" for the other row.
func readRole(role string) error {
	name, part, _ := strings.Cut(role, "/")
	if name == transforms {
		return transformRole(part)
	}
	for _, f := range forms() {
		if f.name != name {
			continue
		}
		if part == "memory" {
			return f.memory()
		}
		read := f.all
		if n, err := strconv.Atoi(part); err == nil && n > 0 {
			read = f.peers[n-1].read
		}
		return f.rate(read)
	}
	return fmt.Errorf("there is no format %s", name)
}

// all reads with our reader and counts the records.
func (f *form) all(r io.Reader) (n int, err error) {
	for reader := f.read("bench", r); ; n++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("after %d records: %w", n, err)
		}
		if record.Response == nil {
			return n, fmt.Errorf("record %d has no response", n+1)
		}
	}
}

// rate prints what is read for each second of processor time.
func (f *form) rate(read func(io.Reader) (int, error)) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	runtime.GC()
	began := processorTime()
	done := 0.0
	for processorTime()-began < least {
		n, err := read(bytes.NewReader(text))
		if err == nil && n == 0 {
			err = errors.New("no records")
		}
		if err != nil {
			return err
		}
		if f.lines {
			done += float64(n)
		} else {
			done += float64(len(text)) / 1e6
		}
	}
	fmt.Println(done / (processorTime() - began).Seconds())
	return nil
}
