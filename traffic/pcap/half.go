package pcap

import (
	"bytes"
	"net/http"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// half is one direction of a connection.
type half struct {
	// buf ends with the last byte that came; what is before off has been read.
	buf []byte
	off int
	// total counts all bytes that came, marks tell when they did: from each place on, oldest first.
	total int
	marks []mark
	// responses tells what this direction carries, once it is known.
	known, responses bool
	// broken tells that what comes next may begin within a message.
	broken bool
	// skipped tells that something was passed over before it was known.
	skipped bool
	// over tells that nothing more will come.
	over bool
	// searched is how much of an unfinished head was looked through.
	searched int
	// message is the one whose body is being read.
	message *message
}

type mark struct {
	place int
	at    time.Time
}

// message is a request or a response whose head has been read.
type message struct {
	request  *traffic.Request
	response *traffic.Response
	// to is the request that a response belongs to, nil where there is none.
	to      *request
	framing http1.Framing
	// weight is about what its head takes.
	weight int
	// head is the length of the head that is still in the buffer, read how much was gone over with it.
	head, read int
	// dropped is how many bytes of a large body were not kept.
	dropped      int
	began, ended time.Time
}

// Bounds of the bytes of a message that are kept: always, and where half of what may be kept in all is
// used.
const (
	maxMessage     = 16 << 20
	crowdedMessage = 1 << 20
)

func (m *message) header() http.Header {
	if m.request != nil {
		return m.request.Header
	}
	return m.response.Header
}

// unread is what came and was not read.
func (h *half) unread() []byte { return h.buf[h.off:] }

// What is kept beside the bytes themselves, about: of the head of a message and of each of its fields, and
// of a mark.
const (
	headSize  = 1 << 10
	fieldSize = 64
	markSize  = 32
)

// weigh takes note of what a head of so many bytes takes.
func (m *message) weigh(head int) { m.weight = headSize + head + fieldSize*len(m.header()) }

// size is how many bytes are kept.
func (h *half) size() int {
	n := cap(h.buf) + markSize*len(h.marks)
	if h.message != nil {
		n += h.message.weight
	}
	return n
}

func (h *half) add(at time.Time, b []byte) {
	if h.off > len(h.buf)/2 && len(h.buf)+len(b) > cap(h.buf) {
		h.buf, h.off = append(h.buf[:0], h.unread()...), 0
	}
	h.marks = append(h.marks, mark{h.total, at})
	h.buf = append(h.buf, b...)
	h.total += len(b)
}

// consume drops n bytes and tells when the last of them came.
func (h *half) consume(n int) (ended time.Time) {
	start := h.total - len(h.unread())
	ended = h.at(start + n - 1)
	h.off += n
	h.searched = 0
	old := 0
	for old+1 < len(h.marks) && h.marks[old+1].place <= start+n {
		old++
	}
	h.marks = append(h.marks[:0], h.marks[old:]...)
	return ended
}

// at tells when a byte came.
func (h *half) at(place int) time.Time {
	for i := len(h.marks) - 1; i >= 0; i-- {
		if h.marks[i].place <= place {
			return h.marks[i].at
		}
	}
	return time.Time{}
}

// drop forgets what was not read.
func (h *half) drop() {
	h.buf, h.off, h.marks, h.searched, h.message = nil, 0, nil, 0, nil
}

// headed tells whether a head may be whole: there is an empty line in it.
func (h *half) headed() bool {
	b := h.unread()[h.searched:]
	h.searched = max(0, len(h.unread())-3)
	return bytes.Contains(b, []byte("\n\r\n")) || bytes.Contains(b, []byte("\n\n"))
}

// begins tells whether a message of this direction could begin here.
func (h *half) begins(b []byte) bool {
	if h.responses {
		return bytes.HasPrefix(b, []byte(answerStart))
	}
	return requested(b)
}

// blank tells whether nothing but line ends is there.
func blank(b []byte) bool { return len(bytes.Trim(b, "\r\n")) == 0 }
