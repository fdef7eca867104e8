package pcap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
)

// exchange is one request and its answer.
func (d *dialogue) exchange(path, body string) {
	d.say(0, get(path))
	d.say(1, answer(body))
}

func left(kind string) string { return "x: left out: " + kind }

// TestSegments is about what networks and captures do to connections.
func TestSegments(t *testing.T) {
	long := answer(strings.Repeat("0123456789", 10))
	whole := fmt.Sprintf(`"%s"`, strings.Repeat("0123456789", 10))
	cases := map[string]struct {
		talk func(d *dialogue)
		want []string
	}{
		"opened and closed": {
			func(d *dialogue) {
				d.open()
				d.exchange("/a", "one")
				d.flag(0, fin)
				d.flag(1, fin)
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`},
		},
		"sequence numbers go round": {
			func(d *dialogue) {
				d.seq = [2]uint32{0xffffffff - 9, 0xffffffff - 50}
				d.open()
				d.exchange("/a", "one")
				seq := d.seq[1]
				d.say(0, get("/b"))
				d.at(1, seq+60, long[60:])
				d.at(1, seq, long[:60])
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /b "" 200 ` + whole + ` 2ms`},
		},
		"sent again, the same, and more": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				seq := d.seq[1]
				d.at(1, seq, long[:50])
				d.at(1, seq, long[:50])
				d.at(1, seq+20, long[20:])
				d.at(1, seq, long)
			},
			[]string{`x#1 GET /a "" 200 ` + whole + ` 3ms`},
		},
		"sent again, with other content": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				seq := d.seq[1]
				d.at(1, seq, long[:50])
				d.at(1, seq+40, strings.Repeat("!", 10)+long[50:])
			},
			[]string{left(contradicting), `x#1 GET /a "" 200 ` + whole + ` 2ms`},
		},
		"sent again behind a hole, with other content": {
			func(d *dialogue) {
				d.open()
				d.say(0, get("/a"))
				seq := d.seq[1]
				d.at(1, seq+60, long[60:80])
				d.at(1, seq+50, long[50:60]+strings.Repeat("!", 20)+long[80:])
				d.at(1, seq, long[:50])
			},
			[]string{left(contradicting), `x#1 GET /a "" 200 ` + whole + ` 3ms`},
		},
		"backwards, overlapping": {
			func(d *dialogue) {
				d.open()
				d.say(0, get("/a"))
				seq := d.seq[1]
				d.at(1, seq+90, long[90:])
				d.at(1, seq+30, long[30:40])
				d.at(1, seq+60, long[60:95])
				d.at(1, seq+20, long[20:85])
				d.at(1, seq, long[:25])
			},
			[]string{`x#1 GET /a "" 200 ` + whole + ` 5ms`},
		},
		"the same ports again": {
			func(d *dialogue) {
				d.open()
				d.exchange("/a", "one")
				d.say(0, get("/lost"))
				d.seq = [2]uint32{70000, 90000}
				d.open()
				d.exchange("/b", "two")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /lost ""`, `x#3 GET /b "" 200 "two" 1ms`},
		},
		"the same ports again after the end": {
			func(d *dialogue) {
				d.open()
				d.exchange("/a", "one")
				d.flag(0, fin)
				d.flag(1, fin)
				d.seq = [2]uint32{50, 60}
				d.open()
				d.exchange("/b", "two")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /b "" 200 "two" 1ms`},
		},
		"the same ports again, the beginning lost": {
			func(d *dialogue) {
				d.open()
				d.exchange("/a", "one")
				d.seq = [2]uint32{1 << 30, 1 << 29}
				d.say(0, get("/b")[:9])
				d.say(0, get("/b")[9:]) // only now it is clear
				d.say(1, answer("x"))
				d.exchange("/c", "two")
			},
			[]string{
				`x#1 GET /a "" 200 "one" 1ms`, left(farOff), left(orphans), left(midMessage),
				`x#2 GET /c "" 200 "two" 1ms`,
			},
		},
		"one segment from elsewhere": {
			func(d *dialogue) {
				d.exchange("/a", "one")
				seq := d.seq
				d.at(0, 1<<30, "nonsense")
				d.seq = seq
				d.exchange("/b", "two")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, left(farOff), `x#2 GET /b "" 200 "two" 1ms`},
		},
		"sent again after the end": {
			func(d *dialogue) {
				d.open()
				seq := d.seq
				d.exchange("/a", "one")
				d.flag(0, fin)
				d.flag(1, fin)
				d.at(0, seq[0], get("/a"))
				d.at(1, seq[1], answer("one"))
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`},
		},
		"opened twice": {
			func(d *dialogue) {
				d.flag(0, syn)
				d.open()
				d.exchange("/a", "one")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`},
		},
		"reset": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, long[:50])
				d.flag(1, rst)
			},
			[]string{`x#1 GET /a "" 200 "" 1ms`},
		},
		"reset by a third party": {
			func(d *dialogue) {
				d.exchange("/a", "one")
				d.flag(1, rst)
				d.exchange("/b", "two")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /b "" 200 "two" 1ms`},
		},
		"an answer lost, with others ahead": { // which of the requests the next ones answer is unknown
			func(d *dialogue) {
				d.open()
				d.say(0, get("/1")+get("/2"))
				d.say(0, get("/3"))
				d.seq[1] += uint32(len(answer("one")))
				d.say(0, get("/4"))
				d.say(1, answer("two"))
				d.say(1, answer("three"))
				d.say(0, get("/5"))
				d.say(1, answer("four"))
				d.say(1, answer("five"))
			},
			[]string{
				left(lost), left(orphans), left(orphans), left(orphans), left(orphans),
				`x#1 GET /1 ""`, `x#2 GET /2 ""`, `x#3 GET /3 ""`, `x#4 GET /4 ""`, `x#5 GET /5 ""`,
			},
		},
		"begun within an answer, with requests ahead": {
			func(d *dialogue) {
				d.say(0, get("/2"))
				d.say(0, get("/3"))
				d.say(1, long[60:]) // the end of the first
				d.say(0, get("/4"))
				d.say(1, answer("two"))
				d.say(1, answer("three"))
			},
			[]string{
				`x#1 GET /2 ""`, `x#2 GET /3 ""`, left(midMessage), left(orphans), left(orphans), `x#3 GET /4 ""`,
			},
		},
		"begun within an answer": {
			func(d *dialogue) {
				d.say(1, long[60:])
				d.exchange("/b", "two")
			},
			[]string{left(midMessage), `x#1 GET /b "" 200 "two" 1ms`},
		},
		"begun within a request": {
			func(d *dialogue) {
				d.say(0, "f a long and boring body that is sent")
				d.say(1, answer("one"))
				d.exchange("/b", "two")
			},
			[]string{left(orphans), left(midMessage), `x#1 GET /b "" 200 "two" 1ms`},
		},
		"begun within TLS": {
			func(d *dialogue) { d.say(1, "\x17\x03\x03\x02\x00"+strings.Repeat("x", 50)) },
			[]string{left(encrypted)},
		},
		"request lost": {
			func(d *dialogue) {
				d.exchange("/a", "one")
				d.seq[0] += 50
				d.say(1, answer("to what?"))
				d.exchange("/c", "three")
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, left(lost), left(orphans), `x#2 GET /c "" 200 "three" 1ms`},
		},
		"answer lost, and the next request": {
			func(d *dialogue) {
				d.exchange("/a", "one")
				d.say(0, get("/b"))
				d.seq[0] += 50
				d.seq[1] += 70
				d.say(1, answer("to the lost one"))
				for i := range maxPassed + 1 {
					d.say(0, get(fmt.Sprint("/", i)))
					d.say(1, answer("x"))
				}
			},
			nil,
		},
		"cut off": {
			func(d *dialogue) {
				d.open()
				d.exchange("/a", "one")
				d.say(0, get("/b"))
				d.snap = 54 + 60
				d.say(1, long)
				d.snap = 0
				d.exchange("/c", "two")
				d.snap = 50
				d.say(0, get("/d"))
			},
			[]string{
				`x#1 GET /a "" 200 "one" 1ms`, left(short), left(lost), `x#2 GET /b ""`,
				`x#3 GET /c "" 200 "two" 1ms`, left(short),
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			c.talk(d)
			got := outcome(d.file.Bytes(), Options{})
			if c.want == nil {
				wrong(t, got)
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// wrong finds answers to a request that was lost where they belong to none.
func wrong(t *testing.T, got []string) {
	t.Helper()
	text := strings.Join(got, "\n")
	if strings.Contains(text, "to the lost one") || !strings.Contains(text, lost) && !strings.Contains(text, orphans) {
		t.Errorf("an answer was given to the wrong request, or nothing was told:\n%s", text)
	}
}

// TestHoleIsGivenUp tells that a lost segment delays what follows by some packets only, not to the end.
func TestHoleIsGivenUp(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.say(0, get("/a"))
	d.seq[1] += 10
	const n = 100
	for range n {
		d.exchange("/b", "x")
	}
	r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{}).(*reader)
	for r.number == 0 && r.ended == nil {
		r.packet()
	}
	if r.file.frames > 3*maxPassed {
		t.Errorf("the first record came after %d packets", r.file.frames)
	}
	got := strings.Join(outcome(d.file.Bytes(), Options{}), "\n")
	if strings.Count(got, `GET /b "" 200 "x"`) != n {
		t.Error(got)
	}
}

func TestClock(t *testing.T) {
	cases := map[string]struct {
		before, after time.Duration
	}{
		"goes backwards":            {0, -24 * time.Hour},
		"one wrong time, far ahead": {1000 * time.Hour, -1000 * time.Hour},
		"one wrong time, far back":  {-1000 * time.Hour, 1000 * time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.open()
			d.say(0, get("/a"))
			d.now = d.now.Add(c.before)
			d.flag(1, func(*layers.TCP) {})
			d.now = d.now.Add(c.after)
			d.say(1, answer("one"))
			d.exchange("/b", "two")
			got := outcome(d.file.Bytes(), Options{})
			if len(got) != 2 || !strings.HasPrefix(got[0], `x#1 GET /a "" 200 "one"`) ||
				got[1] != `x#2 GET /b "" 200 "two" 1ms` {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestSilence(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.say(0, get("/a"))
	d.now = d.now.Add(idle + time.Second)
	d.client++
	d.exchange("/b", "two")
	d.client--
	d.say(1, answer("late"))
	want := []string{`x#1 GET /a ""`, `x#2 GET /b "" 200 "two" 1ms`, left(orphans)}
	if diff := cmp.Diff(want, outcome(d.file.Bytes(), Options{})); diff != "" {
		t.Error(diff)
	}
}

// TestConnections finds a name for each connection, also where its ends are used again.
func TestConnections(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.exchange("/a", "one")
	d.exchange("/b", "two")
	d.flag(1, fin)
	d.flag(0, fin)
	d.seq = [2]uint32{5000, 6000}
	d.open()
	d.exchange("/c", "three")
	d.v6 = true
	d.exchange("/d", "four")
	want := []string{
		"10.0.0.1:40000-10.0.0.2:8080#1", "10.0.0.1:40000-10.0.0.2:8080#1", "10.0.0.1:40000-10.0.0.2:8080#2",
		"[2001:db8::1]:40000-[2001:db8::2]:8080#3",
	}
	r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{})
	for i, w := range want {
		record, err := r.Read()
		if err != nil || record.Connection != w {
			t.Errorf("record %d: %v, connection %v, want %s", i, err, record, w)
		}
	}
}
