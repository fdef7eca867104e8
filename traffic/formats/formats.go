// Package formats opens captures of any readable format, found by their content.
package formats

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/accesslog"
	"github.com/headgate-dev/headgate/traffic/gor"
	"github.com/headgate-dev/headgate/traffic/har"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/jsonlog"
	"github.com/headgate-dev/headgate/traffic/pcap"
)

// format is one kind of capture.
type format struct {
	name string
	// sniff tells from the first bytes, decompressed, whether a file is of this kind. Those of text come
	// without the white space around them, unless raw is set.
	sniff func(head []byte) bool
	raw   bool
	open  func(name string, r io.Reader) traffic.Reader
}

// list is every format that can be read, in the order of sniffing.
func list() []format {
	return []format{
		{name: "pcap and pcapng", sniff: pcap.Sniff, raw: true, open: packets},
		{name: "headgate JSONL", sniff: isJSONL, open: jsonl.NewReader},
		{name: "HAR", sniff: har.Sniff, open: har.NewReader},
		{name: "GoReplay", sniff: gor.Sniff, open: gor.NewReader},
		{name: "JSON logs and Shadowtraf", sniff: jsonlog.Sniff, open: jsonlog.NewReader},
		{name: "HAProxy's HTTP log", sniff: accesslog.SniffHAProxy, open: accesslog.NewHAProxyReader},
		{name: "access logs in the common and combined format", sniff: accesslog.Sniff, open: accesslog.NewReader},
	}
}

// packets opens a packet capture, all of it inbound.
func packets(name string, r io.Reader) traffic.Reader { return pcap.NewReader(name, r, pcap.Options{}) }

// ErrUnknown is wrapped where a file is in no format that can be read.
var ErrUnknown = errors.New("unknown capture format")

// headSize is how much of a file is looked at.
const headSize = 64 << 10

// Open opens a capture, plain or compressed with gzip or zstd. An empty file has no records. The
// reader is to be used before the closer is closed.
func Open(path string) (traffic.Reader, io.Closer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening capture: %w", err)
	}
	reader, err := sniff(path, file)
	if err != nil {
		_ = file.Close() // the first error tells more
		return nil, nil, err
	}
	return reader, file, nil
}

func sniff(path string, r io.Reader) (traffic.Reader, error) {
	plain, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("opening capture %s: %w", path, err)
	}
	in := bufio.NewReaderSize(plain, headSize)
	head, err := in.Peek(headSize)
	raw := head
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return empty{}, nil
	}
	for _, f := range list() {
		if !f.raw && f.sniff(head) || f.raw && f.sniff(raw) {
			return f.open(path, in), nil
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading capture %s: %w", path, err)
	}
	return nil, unknown(path, head)
}

// unknown names what was found and what could have been read.
func unknown(path string, head []byte) error {
	var names []string
	for _, f := range list() {
		names = append(names, f.name)
	}
	return fmt.Errorf("%s: %w: it starts with %q; readable are %s, plain or as .gz or .zst",
		path, ErrUnknown, head[:min(len(head), 40)], strings.Join(names, ", "))
}

// isJSONL looks for the keys that records have and other JSON captures do not.
func isJSONL(head []byte) bool {
	if !bytes.HasPrefix(head, []byte("{")) {
		return false
	}
	for _, key := range []string{`"direction"`, `"duration_ms"`, `"protocol"`} {
		if bytes.Contains(head, []byte(key)) {
			return true
		}
	}
	return false
}

// empty is a capture without records.
type empty struct{}

func (empty) Read() (*traffic.Record, error) { return nil, io.EOF }
