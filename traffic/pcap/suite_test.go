package pcap

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/gopacket/gopacket"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.exchange("/a", "one")
	d.exchange("/b", "two")
	file := d.file.Bytes()
	pieces := []string{string(file[:fileHead])}
	at := fileHead
	frames(t, file, func(_ gopacket.CaptureInfo, data []byte) {
		end := at + packetHead + len(data)
		pieces = append(pieces, string(file[at:end]))
		at = end
	})
	framed := func(header string) string {
		d := newDialogue(t)
		d.say(0, get("/a"))
		d.say(1, "HTTP/1.1 200 OK\r\n"+header+"\r\n\r\nhi")
		return d.file.String()
	}
	readertest.Suite(t, readertest.Reader{Open: open, Pieces: pieces, Wrong: map[string]string{
		"length": framed("Content-Length: 1000000000000000000"), "negative": framed("Content-Length: -1"),
		"longer length": framed("Content-Length: 99999999999999999999"),
		"chunk":         framed("Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff"),
		"large chunk":   framed("Transfer-Encoding: chunked\r\n\r\n7fffffff"),
	}})
}

func TestSuiteNG(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.exchange("/a", "one")
	d.exchange("/b", "two")
	file := ng(t, d.file.Bytes(), binary.LittleEndian)
	var pieces []string
	for len(file) > 0 {
		n := binary.LittleEndian.Uint32(file[4:])
		pieces = append(pieces, string(file[:n]))
		file = file[n:]
	}
	readertest.Suite(t, readertest.Reader{Open: open, Pieces: pieces})
}

func open(name string, r io.Reader) traffic.Reader { return NewReader(name, r, Options{}) }
