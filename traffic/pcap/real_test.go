package pcap

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// found is what a reader found.
type found struct{ requests, responses int }

func readAll(t *testing.T, path string, o Options) (f found, told map[string]int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	told = map[string]int{}
	for r := NewReader(path, file, o); ; {
		record, err := r.Read()
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return f, told
		case errors.As(err, &left):
			told[left.Kind]++
			if left.Kind == orphans {
				f.responses++
			}
		case errors.As(err, &malformed):
			told[malformed.Reason.Error()]++
		case err != nil:
			told["ended: "+err.Error()]++
			return f, told
		default:
			f.requests++
			if record.Response != nil {
				f.responses++
			}
		}
	}
}

// TestRealCaptures compares with the counts of tshark, which counts interim responses as well.
func TestRealCaptures(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA does not point to a folder of real captures")
	}
	counts, err := os.Open(filepath.Join(root, "pcap", "counts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer counts.Close()
	lines := bufio.NewScanner(counts)
	for lines.Scan() {
		columns := strings.Split(lines.Text(), "\t")
		requests, err := strconv.Atoi(columns[6])
		if err != nil {
			continue
		}
		responses, err := strconv.Atoi(columns[7])
		if err != nil {
			t.Fatal(err)
		}
		want := found{requests, responses}
		if other, ok := differently()[filepath.Base(columns[0])]; ok {
			want = other
		}
		t.Run(columns[0], func(t *testing.T) {
			got, told := readAll(t, filepath.Join(root, "pcap", columns[0]), Options{})
			if got != want {
				t.Errorf("found %+v, want %+v; told %v", got, want, told)
			} else if len(told) > 0 {
				t.Logf("%v", told)
			}
		})
	}
}

// differently are the captures that are counted in another way, by design.
func differently() map[string]found {
	return map[string]found{
		"data__nb6-http.pcap":                             {2, 2},   // the third exchange is over UDP
		"http_100_continue.pcap":                          {1, 1},   // an interim response is no answer
		"Packet++Test__PacketExamples__SllPacket.pcap":    {0, 0},   // the end of the response is missing
		"Pcap++Test__PcapExamples__4KHttpRequests.pcap":   {167, 0}, // one-sided, most have lost segments
		"Pcap++Test__PcapExamples__650HttpResponses.pcap": {0, 479},
		// After a lost segment the connections are read on.
		"ExamplesTest__pcap_examples__http-packets.pcap": {112, 106},
		// Statements of Postgres, each with its answer.
		"pgsql_extended_query.pcap":         {2, 2},
		"pgsql_insert.pcap":                 {1, 1},
		"pgsql_insert_error.pcap":           {1, 1},
		"pgsql_long_result.pcap":            {1, 1},
		"pgsql_request_response.pcap":       {1, 1},
		"pgsql_rt.pcap":                     {1, 1},
		"arcnet-rfc1051-arp-icmp-http.pcap": {0, 0}, // ARCNET is not decoded, which is told
		"arcnet-rfc1201-arp-icmp-http.pcap": {0, 0},
	}
}
