package pcap

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// generated is a capture of about so many bytes, and how many exchanges are in it.
func generated(size int) ([]byte, int) {
	var file bytes.Buffer
	f := newFlood(&file, 200)
	for file.Len() < size {
		f.step()
	}
	f.finish()
	return file.Bytes(), f.exchanges
}

func BenchmarkFlood(b *testing.B) {
	file, exchanges := generated(64 << 20)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for r := NewReader("x", bytes.NewReader(file), Options{}); ; n++ {
			record, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || record.Response == nil {
				b.Fatal(err)
			}
		}
		if n != exchanges {
			b.Fatalf("%d exchanges, %d expected", n, exchanges)
		}
	}
}

// BenchmarkPeer decodes all packets with gopacket, and does no more.
func BenchmarkPeer(b *testing.B) {
	file, _ := generated(64 << 20)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		source, err := pcapgo.NewReader(bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		for {
			data, _, err := source.ReadPacketData()
			if errors.Is(err, io.EOF) {
				break
			}
			p := gopacket.NewPacket(data, source.LinkType(), gopacket.DecodeOptions{Lazy: true, NoCopy: true})
			if p.Layer(layers.LayerTypeTCP) == nil {
				b.Fatal(p)
			}
		}
	}
}
