// Package formats opens captures of any readable format, found by their content.
package formats

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/accesslog"
	"github.com/headgate-dev/headgate/traffic/gor"
	"github.com/headgate-dev/headgate/traffic/har"
	"github.com/headgate-dev/headgate/traffic/hoverfly"
	"github.com/headgate-dev/headgate/traffic/journal"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/jsonlog"
	"github.com/headgate-dev/headgate/traffic/keploy"
	"github.com/headgate-dev/headgate/traffic/mappings"
	"github.com/headgate-dev/headgate/traffic/pcap"
	"github.com/headgate-dev/headgate/traffic/postman"
	"github.com/headgate-dev/headgate/traffic/rrpair"
	"github.com/headgate-dev/headgate/traffic/tshark"
	"github.com/headgate-dev/headgate/traffic/vegeta"
)

// format is one kind of capture.
type format struct {
	name string
	// sniff tells from the first bytes, decompressed, whether a file is of this kind. Those of text come
	// without the white space around them, unless raw is set.
	sniff func(head []byte) bool
	raw   bool
	// directed formats tell the direction of each record; ported ones use Options.InboundPorts on their own.
	directed, ported bool
	// open opens a capture, of which the options tell some kinds more.
	open func(name string, r io.Reader, o Options) traffic.Reader
}

// list is every format that can be read, in the order of sniffing: those that are known by their first
// key or line come before those that are known by any of their keys.
func list() []format {
	return []format{
		{name: "pcap and pcapng", sniff: pcap.Sniff, raw: true, ported: true, open: packets},
		{name: "proxymock RRPair", sniff: rrpair.Sniff, directed: true, open: plain(rrpair.NewReader)},
		{name: "Hoverfly simulation", sniff: hoverfly.Sniff, directed: true, open: plain(hoverfly.NewReader)},
		{name: "WireMock request journal", sniff: journal.Sniff, open: plain(journal.NewReader)},
		{name: "Postman collection", sniff: postman.Sniff, open: plain(postman.NewReader)},
		{name: "HAR", sniff: har.Sniff, open: plain(har.NewReader)},
		{name: "headgate JSONL", sniff: isJSONL, directed: true, open: plain(jsonl.NewReader)},
		{name: "GoReplay", sniff: gor.Sniff, open: plain(gor.NewReader)},
		{name: "Keploy test set", sniff: keploy.Sniff, directed: true, open: plain(keploy.NewReader)},
		{name: "vegeta targets", sniff: vegeta.Sniff, open: plain(vegeta.NewReader)},
		{name: Mappings, sniff: mappings.Sniff, directed: true, open: plain(mappings.NewReader)},
		{name: "JSON logs and Shadowtraf", sniff: jsonlog.Sniff, open: plain(jsonlog.NewReader)},
		{name: "tshark fields", sniff: tshark.Sniff, ported: true, open: fields},
		{name: "HAProxy's HTTP log", sniff: accesslog.SniffHAProxy, open: plain(accesslog.NewHAProxyReader)},
		{
			name: "access logs in the common and combined format", sniff: accesslog.Sniff,
			open: plain(accesslog.NewReader),
		},
	}
}

// plain is for formats of which there is nothing more to tell.
func plain[R traffic.Reader](open func(string, io.Reader) R) func(string, io.Reader, Options) traffic.Reader {
	return func(name string, r io.Reader, _ Options) traffic.Reader { return open(name, r) }
}

func packets(name string, r io.Reader, o Options) traffic.Reader {
	return pcap.NewReader(name, r, pcap.Options{InboundPorts: o.InboundPorts})
}

func fields(name string, r io.Reader, o Options) traffic.Reader {
	return tshark.NewReader(name, r, tshark.Options{InboundPorts: o.InboundPorts})
}

// ErrUnknown is wrapped where a file is in no format that can be read.
var ErrUnknown = errors.New("unknown capture format")

// headSize is how much of a file is looked at.
const headSize = 64 << 10

// Open opens a capture at a location of a [store.Store], plain or compressed with gzip or zstd. An empty file
// has no records. The reader is to be used before the closer is closed.
func Open(ctx context.Context, location string) (traffic.Reader, io.Closer, error) {
	return Options{}.Open(ctx, location)
}

// Open is like the function of the same name, with what the options say.
func (o Options) Open(ctx context.Context, location string) (traffic.Reader, io.Closer, error) {
	s, err := o.source(ctx, location)
	if err != nil {
		return nil, nil, err
	}
	return s, s, nil
}

// source opens a capture.
func (o Options) source(ctx context.Context, location string) (*source, error) {
	file, err := o.whole(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("opening capture: %w", err)
	}
	reader, plain, err := o.sniff(location, file)
	if err != nil {
		_ = file.Close() // the first error tells more
		return nil, err
	}
	s := &source{Reader: o.label(reader), Closer: file, name: location}
	if plain {
		s.placer, _ = reader.Reader.(placer)
	}
	return s, nil
}

// whole opens a file from its beginning to its end.
func (o Options) whole(ctx context.Context, location string) (io.ReadCloser, error) {
	s, err := o.Stores.At(location)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, location, 0, -1)
}

// found is a reader of a format.
type found struct {
	traffic.Reader

	format *format
}

// sniff finds the format of a file; plain tells that it is not compressed.
func (o Options) sniff(path string, r io.Reader) (f found, plain bool, err error) {
	decoded, err := decompress(r)
	if err != nil {
		return f, false, fmt.Errorf("opening capture %s: %w", path, err)
	}
	_, coded := decoded.(*truncatable)
	in := bufio.NewReaderSize(decoded, headSize)
	head, err := in.Peek(headSize)
	raw := head
	head = trimmed(head)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return found{Reader: empty{}}, true, nil
	}
	if f := known(raw, head); f != nil {
		return found{f.open(path, in, o), f}, !coded, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return f, false, fmt.Errorf("reading capture %s: %w", path, err)
	}
	if kind := archive(raw); kind != "" {
		return f, false, fmt.Errorf("%s: %w: it is %s; unpack it and name the folder", path, ErrUnknown, kind)
	}
	return f, false, unknown(path, head)
}

// archive names what is not looked into: archives, whose entries would have to be trusted with names and sizes,
// and codings that are not undone.
func archive(head []byte) string {
	const magic = 257 // POSIX.1-1988: where "ustar" stands in the head of a tar file
	if len(head) > magic && bytes.HasPrefix(head[magic:], []byte("ustar")) {
		return "a tar archive, and archives are not read"
	}
	for start, kind := range map[string]string{
		"PK\x03\x04":         "a zip archive, and archives are not read",
		"PK\x05\x06":         "an empty zip archive, and archives are not read",
		"7z\xbc\xaf\x27\x1c": "a 7z archive, and archives are not read",
		"Rar!\x1a\x07":       "a rar archive, and archives are not read",
		"\x1f\x8b":           "compressed twice, and one compression is undone",
		"\x28\xb5\x2f\xfd":   "compressed twice, and one compression is undone",
		"BZh":                "compressed with bzip2, and only gzip, zstd and zlib are undone",
		"\xfd7zXZ\x00":       "compressed with xz, and only gzip, zstd and zlib are undone",
		"\x04\x22\x4d\x18":   "compressed with lz4, and only gzip, zstd and zlib are undone",
	} {
		if bytes.HasPrefix(head, []byte(start)) {
			return kind
		}
	}
	return ""
}

// trimmed takes away a byte order mark and the white space around.
func trimmed(head []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
}

// known finds the format of a file by its first bytes: raw, and without the white space around them.
func known(raw, head []byte) *format {
	for _, f := range list() {
		if !f.raw && f.sniff(head) || f.raw && f.sniff(raw) {
			return &f
		}
	}
	return nil
}

// Names lists every format that can be read.
func Names() []string {
	var names []string
	for _, f := range list() {
		names = append(names, f.name)
	}
	return names
}

// unknown names what was found and what could have been read.
func unknown(path string, head []byte) error {
	return fmt.Errorf("%s: %w: it starts with %q; readable are %s, plain or as .gz or .zst",
		path, ErrUnknown, head[:min(len(head), 40)], strings.Join(Names(), ", "))
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
