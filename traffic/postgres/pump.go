package postgres

import (
	"net"
	"sync"
	"time"
)

const (
	// readSize is how much is read at once.
	readSize = 32 << 10
	// maxWaiting is how many bytes of a connection may wait to be read.
	maxWaiting = 8 << 20
	// chunkSize is about how many bytes a chunk takes beside its own.
	chunkSize = 64
)

// chunk is what one side has sent at a time.
type chunk struct {
	client bool
	// missed tells that bytes before it are missing.
	missed bool
	at     time.Time
	b      []byte
}

// backlog is what waits to be read of a connection: up to maxWaiting bytes, what comes beyond is missing.
type backlog struct {
	mu      sync.Mutex
	more    *sync.Cond
	chunks  []chunk
	size    int
	missing bool
	closed  bool
}

func newBacklog() *backlog {
	b := &backlog{}
	b.more = sync.NewCond(&b.mu)
	return b
}

// put copies what has come. It is false where it had to be passed over, the first time in a row.
func (l *backlog) put(client bool, at time.Time, b []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := len(b) + chunkSize
	if l.size+size > maxWaiting {
		first := !l.missing
		l.missing = true
		return !first
	}
	l.chunks = append(l.chunks, chunk{client: client, missed: l.missing, at: at, b: append([]byte(nil), b...)})
	l.size += size
	l.missing = false
	l.more.Signal()
	return true
}

// take waits for what has come since the last time; none is the end, and missed tells then that bytes before
// it are missing.
func (l *backlog) take(reuse []chunk) (taken []chunk, missed bool) {
	clear(reuse)
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.chunks) == 0 && !l.closed {
		l.more.Wait()
	}
	taken = l.chunks
	l.chunks, l.size = reuse[:0], 0
	return taken, l.missing
}

func (l *backlog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.more.Signal()
}

// pass copies both ways until both sides have ended, and reads what passes beside it.
func (p *Proxy) pass(client, server net.Conn, first []byte, name string) {
	waiting := newBacklog()
	var reading, copying sync.WaitGroup
	reading.Go(func() { p.read(waiting, name) })
	defer reading.Wait()
	defer waiting.close()

	p.put(waiting, true, first)
	if _, err := server.Write(first); err != nil {
		return
	}
	copying.Go(func() {
		p.copy(waiting, true, server, client)
	})
	if p.o.TLS != nil {
		b, err := unbindChannel(server)
		p.put(waiting, false, b)
		if _, failed := client.Write(b); failed != nil || err != nil {
			server.Close()
		}
	}
	p.copy(waiting, false, client, server)
	// The server has ended: what the client still sends has nobody to take it.
	client.SetReadDeadline(time.Now().Add(time.Second)) //nolint:errcheck // it may be closed already
	copying.Wait()
}

// copy passes on what one side sends. It ends with that side, or with the other.
func (p *Proxy) copy(waiting *backlog, fromClient bool, to, from net.Conn) {
	b := make([]byte, readSize)
	for {
		n, err := from.Read(b)
		if n > 0 {
			p.put(waiting, fromClient, b[:n])
			if _, failed := to.Write(b[:n]); failed != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	closeWrite(to)
}

// closeWrite tells the other side that there is nothing more to come.
func closeWrite(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		c.Close()
	}
}

func (p *Proxy) put(waiting *backlog, client bool, b []byte) {
	if len(b) > 0 && !waiting.put(client, p.o.Clock(), b) {
		p.count(func(h *Health) { h.Lost++ })
	}
}

// read makes records of what passes.
func (p *Proxy) read(waiting *backlog, name string) {
	c := NewConn(Options{
		Service: p.o.Name, Host: p.o.Target, Connection: name, MaxMessage: p.o.MaxMessage,
		Begin: p.o.Begin, Record: p.record, LeftOut: p.leftOut,
	})
	chunks, missed := waiting.take(nil)
	for ; len(chunks) > 0; chunks, missed = waiting.take(chunks) {
		for _, one := range chunks {
			if one.missed {
				c.ClientGap(0)
			}
			if one.client {
				c.Client(one.at, one.b)
			} else {
				c.Server(one.at, one.b)
			}
		}
	}
	if missed {
		c.ClientGap(0)
	}
	c.Close()
}
