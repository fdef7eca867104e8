package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// scanner reads lines of up to a megabyte.
func scanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 1<<20)
	return s
}

func scanLines(r io.Reader) (n int, err error) {
	s := scanner(r)
	for s.Scan() {
		n++
	}
	return n, s.Err()
}

// decodeLines reads records as a program would that has nothing but the standard library.
func decodeLines(r io.Reader) (n int, err error) {
	s := scanner(r)
	for s.Scan() {
		var record struct {
			ID        string    `json:"id"`
			Time      time.Time `json:"time"`
			Direction string    `json:"direction"`
			Protocol  string    `json:"protocol"`
			Duration  float64   `json:"duration_ms"`
			Request   struct {
				Method string      `json:"method"`
				URL    string      `json:"url"`
				Host   string      `json:"host"`
				Header http.Header `json:"headers"`
				Body   string      `json:"body"`
			} `json:"request"`
			Response *struct {
				Status int         `json:"status"`
				Header http.Header `json:"headers"`
				Body   string      `json:"body"`
			} `json:"response"`
		}
		if err := json.Unmarshal(s.Bytes(), &record); err != nil {
			return n, err
		}
		n++
	}
	return n, s.Err()
}

// splitGor finds the records of a .gor and looks at nothing of them.
func splitGor(r io.Reader) (n int, err error) {
	separator := []byte("\n\U0001f435\U0001f648\U0001f649\n")
	s := scanner(r)
	s.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := bytes.Index(data, separator); i >= 0 {
			return i + len(separator), data[:i], nil
		}
		if end {
			return len(data), nil, nil
		}
		return 0, nil, nil
	})
	for s.Scan() {
		n++
	}
	return n, s.Err()
}

// decodePackets takes each packet apart, and does not put them together.
func decodePackets(r io.Reader) (n int, err error) {
	source, err := pcapgo.NewReader(bufio.NewReaderSize(r, 256<<10))
	if err != nil {
		return 0, err
	}
	for {
		data, _, err := source.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		packet := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		if packet.Layer(layers.LayerTypeTCP) != nil {
			n++
		}
	}
}

// decodeEntries reads the entries of a HAR into structs.
func decodeEntries(r io.Reader) (n int, err error) {
	type field struct{ Name, Value string }
	type entry struct {
		StartedDateTime string
		Time            float64
		Request         struct {
			Method, URL string
			Headers     []field
			PostData    struct{ MimeType, Text string }
		}
		Response struct {
			Status  int
			Headers []field
			Content struct{ Text, Encoding string }
		}
	}
	in := json.NewDecoder(r)
	for depth := 0; ; {
		token, err := in.Token()
		if err != nil {
			return n, err
		}
		if token == json.Delim('{') {
			depth++
		}
		if token == json.Delim('[') && depth == 2 {
			break
		}
		if token == json.Delim('}') {
			depth--
		}
	}
	for in.More() {
		var e entry
		if err := in.Decode(&e); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// splitFields takes the lines of an access log apart at spaces.
func splitFields(r io.Reader) (n int, err error) {
	s := scanner(r)
	for s.Scan() {
		fields := strings.Fields(s.Text())
		if len(fields) < 10 {
			continue
		}
		if _, err := time.Parse("[02/Jan/2006:15:04:05", fields[3]); err != nil {
			return n, err
		}
		if _, err := strconv.Atoi(fields[8]); err == nil {
			n++
		}
	}
	return n, s.Err()
}

// matchLines takes the lines of an access log apart with a regular expression.
func matchLines(r io.Reader) (n int, err error) {
	line := regexp.MustCompile(`^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+|-) "([^"]*)" "([^"]*)"`)
	s := scanner(r)
	for s.Scan() {
		if line.FindStringSubmatch(s.Text()) != nil {
			n++
		}
	}
	return n, s.Err()
}
