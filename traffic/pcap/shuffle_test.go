package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/headgate-dev/headgate/traffic"
)

// conversation is a connection of n exchanges in small segments, but for the last one of a message no
// smaller than least, as frames in the order of sending. Each answer says what was asked for.
func conversation(t *testing.T, random *rand.Rand, n, least int) [][]byte {
	t.Helper()
	var list [][]byte
	d := newDialogue(t)
	d.packets = func(ip []byte) [][]byte {
		list = append(list, append(ethernetHead(ip), ip...))
		return nil
	}
	d.open()
	say := func(from int, text string) {
		for len(text) > 0 {
			size := min(len(text), least+random.IntN(60))
			d.say(from, text[:size])
			if text = text[size:]; random.IntN(2) == 0 {
				d.flag(1-from, func(*layers.TCP) {})
			}
		}
	}
	for i := range n {
		path := fmt.Sprintf("/%03d", i)
		say(0, get(path))
		say(1, answer(path+strings.Repeat(".", random.IntN(150))+path))
	}
	return list
}

// exchanges counts those with an answer, and fails where one has the answer to another request.
func exchanges(t *testing.T, list [][]byte) (answered, requests, told int) {
	t.Helper()
	d := newDialogue(t)
	for _, frame := range list {
		d.write(frame)
	}
	for r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{}); ; {
		record, err := r.Read()
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return answered, requests, told
		case errors.As(err, &left), errors.As(err, &malformed):
			told++
			continue
		case err != nil:
			t.Fatal(err)
		}
		if requests++; record.Response == nil {
			continue
		}
		answered++
		body, path := string(record.Response.Body), record.Request.URL
		whole := strings.HasPrefix(body, path) && strings.HasSuffix(body, path)
		if !whole && record.Response.Header.Get(traffic.TruncatedHeader) == "" {
			t.Errorf("%s was answered with %q", path, body)
		}
	}
}

// TestShuffled has packets come in another order than they were sent in, and twice.
func TestShuffled(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		const n = 20
		list := conversation(t, random, n, 1)
		for i := 3; i < len(list); i++ { // the handshake stays
			if random.IntN(10) == 0 {
				list = append(list, nil)
				copy(list[i+1:], list[i:])
			}
			if j := i - random.IntN(4); j >= 3 && random.IntN(3) == 0 {
				list[i], list[j] = list[j], list[i]
			}
		}
		answered, requests, told := exchanges(t, list)
		if answered != n || requests != n || told != 0 {
			t.Errorf("seed %d: %d answers to %d requests, %d told", seed, answered, requests, told)
		}
	}
}

// TestLossy takes packets out at random: no request gets the answer to another one, and most are read.
func TestLossy(t *testing.T) {
	const n, runs = 20, 300
	all := 0
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 2))
		list := conversation(t, random, n, 1)
		whole := len(list)
		kept := list[:3]
		for _, frame := range list[3:] {
			if random.IntN(50) > 0 {
				kept = append(kept, frame)
			}
		}
		answered, requests, told := exchanges(t, kept)
		if answered < n && told == 0 && requests == answered {
			t.Errorf("seed %d: %d of %d packets, %d answers to %d requests, nothing told", seed, len(kept), whole,
				answered, requests)
		}
		all += answered
	}
	if share := float64(all) / (n * runs); share < 0.8 {
		t.Errorf("only %.2f of the exchanges were read", share)
	}
}

// TestBegunAnywhere begins captures at each packet, in order and shuffled: no request gets the answer to
// another one, and what follows is read.
func TestBegunAnywhere(t *testing.T) {
	const n = 8
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 3))
		list := conversation(t, random, n, longestMethod)
		for first := range list {
			kept := slices.Clone(list[first:])
			left := 0
			for _, frame := range kept {
				left += bytes.Count(frame, []byte("GET /"))
			}
			answered, _, _ := exchanges(t, kept)
			if answered < left-1 {
				t.Errorf("seed %d, from packet %d: %d answers to %d requests", seed, first, answered, left)
			}
			if len(kept) > 3 {
				random.Shuffle(3, func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
			}
			exchanges(t, kept)
		}
	}
}
