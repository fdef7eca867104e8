package readertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// paths is a reader of lines such as "/a;", with the fault that it is asked for.
type paths struct {
	name, fault string
	in          *bufio.Reader
	number      int
	ended       error
}

func (p *paths) Read() (*traffic.Record, error) {
	if p.ended != nil {
		return nil, p.ended
	}
	line, err := p.in.ReadString('\n')
	p.number++
	switch {
	case errors.Is(err, io.EOF) && line == "":
		return nil, p.end(io.EOF)
	case err != nil && !errors.Is(err, io.EOF) && p.fault == "ends well":
		return nil, p.end(io.EOF)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, p.end(fmt.Errorf("%s: %w", p.name, err))
	}
	path, ok := strings.CutSuffix(strings.TrimSuffix(line, "\n"), ";")
	switch {
	case !ok && err != nil && p.fault == "swallows the end":
		return nil, p.end(io.EOF)
	case !ok && err != nil && p.fault != "takes a part":
		return nil, &traffic.MalformedError{Source: p.name, Line: p.number, Reason: traffic.ErrTruncated}
	case !ok && p.fault == "swallows lines":
		return p.Read()
	case !ok && p.fault != "takes a part":
		return nil, &traffic.MalformedError{Source: p.name, Line: p.number, Reason: errors.New("no semicolon")}
	}
	return &traffic.Record{
		ID: strconv.Itoa(p.number), Time: time.Unix(0, 0), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{Method: "GET", URL: "/" + path},
	}, nil
}

func (p *paths) end(err error) error {
	if p.fault != "forgets its error" {
		p.ended = err
	}
	return err
}

// TestSuite has the suite accept a reader, and refuse it with each of its faults, in a process of its own.
func TestSuite(t *testing.T) {
	const variable = "READERTEST_FAULT"
	fault := os.Getenv(variable)
	if fault == "" {
		for fault, where := range map[string]string{
			"swallows the end": "truncated_at_every_byte", "takes a part": "truncated_at_every_byte",
			"ends well": "unreadable_from_every_byte", "forgets its error": "unreadable_from_every_byte",
			"swallows lines": "every_byte_wrong",
		} {
			t.Run(fault, func(t *testing.T) {
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSuite$")
				child.Env = append(os.Environ(), variable+"="+fault)
				out, err := child.CombinedOutput()
				if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+where) {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
	Suite(t, Reader{
		Open: func(name string, r io.Reader) traffic.Reader {
			return &paths{name: name, fault: fault, in: bufio.NewReader(r)}
		},
		Pieces: []string{"ab;\n", "cd;\n"},
		Quiet:  "\n",
		Large:  func(filler string) string { return filler + ";\ncd;\n" },
		Wrong:  map[string]string{"no semicolon": "a\n"},
	})
}
