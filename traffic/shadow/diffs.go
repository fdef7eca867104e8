package shadow

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// maxListed is how many differences of one field are written.
const maxListed = 100

// diffs writes differences as JSON lines, in the form that a run gives them in diffs.jsonl.
type diffs struct {
	mu       sync.Mutex
	out      *bufio.Writer // nil writes nothing
	listed   map[field]int
	unlisted int64
	err      error
}

// field is a place at an endpoint.
type field struct {
	endpoint string
	place
}

// line is one difference. Noise is true where the secondary differs there, too.
type line struct {
	ID       string       `json:"id"`
	Endpoint string       `json:"endpoint"`
	Path     string       `json:"path"`
	Kind     compare.Kind `json:"kind"`
	Expected string       `json:"expected"`
	Actual   string       `json:"actual"`
	Noise    bool         `json:"noise,omitempty"`
}

func newDiffs(to io.Writer) *diffs {
	d := &diffs{listed: map[field]int{}}
	if to != nil {
		d.out = bufio.NewWriter(to)
	}
	return d
}

func (d *diffs) write(v *finding) {
	if len(v.alone.Differences)+len(v.both.Differences) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list(v, v.alone.Differences, false)
	d.list(v, v.both.Differences, true)
}

func (d *diffs) list(v *finding, differences []compare.Difference, noise bool) {
	for _, diff := range differences {
		at := field{v.endpoint, place{diff.Group, diff.Kind}}
		if d.listed[at] == maxListed {
			d.unlisted++
			continue
		}
		d.listed[at]++
		d.put(line{v.id, v.endpoint, diff.Path, diff.Kind, diff.Expected, diff.Actual, noise})
	}
}

func (d *diffs) put(l line) {
	if d.out == nil || d.err != nil {
		return
	}
	text, err := json.Marshal(l)
	if err == nil {
		_, err = d.out.Write(append(text, '\n'))
	}
	d.fail(err)
}

func (d *diffs) fail(err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("writing the differences: %w", err)
	}
}

// left is how many differences were not written.
func (d *diffs) left() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unlisted
}

// flush writes what is left in the buffer and returns the first error of all writing.
func (d *diffs) flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.out != nil {
		d.fail(d.out.Flush())
	}
	return d.err
}
