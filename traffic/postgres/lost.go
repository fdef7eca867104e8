package postgres

// ClientGap tells that n bytes of the client are missing; 0 means that it is not known how many.
func (c *Conn) ClientGap(n int) { c.gap(&c.client, n, c.ask) }

// ServerGap tells that n bytes of the server are missing; 0 means that it is not known how many.
func (c *Conn) ServerGap(n int) {
	c.gap(&c.server, n, c.answer)
	c.tail = c.tail[:0]
}

func (c *Conn) gap(f *frames, n int, take func(message)) {
	switch c.stage {
	case over, lost:
		return
	case fresh, greeting:
		c.lose()
		return
	case running:
	}
	m, ended, ok := f.gap(n, f.began)
	switch {
	case !ok:
		c.lose()
	case ended:
		take(m)
	}
}

// end gives the connection up for good.
func (c *Conn) end(kind string) {
	c.LeftOut(kind)
	c.drop()
	c.stage = over
}

// lose gives up all that is under way, as what comes next may begin within a message.
func (c *Conn) lose() {
	c.giveUp(c.last)
	for s := c.steps.head(); s != nil; s = c.steps.head() {
		c.giveUp(s.running())
		c.steps.pop()
	}
	for _, p := range c.portals {
		for ; p != nil; p = p.old {
			if p.query.suspended {
				c.giveUp(p.query)
			}
		}
	}
	c.LeftOut(kindStretch)
	c.drop()
	c.stage = lost
}

func (c *Conn) giveUp(q *query) {
	if q == nil || q.done {
		return
	}
	if q.left == "" {
		q.left = kindLost
	}
	c.hand(q)
}

// drop forgets everything.
func (c *Conn) drop() {
	c.client = frames{client: true, limit: c.MaxMessage}
	c.server = frames{limit: c.MaxMessage}
	c.tail, c.asked, c.skipping, c.last = nil, 0, false, nil
	c.steps, c.size = steps{}, 0
	clear(c.statements)
	clear(c.portals)
}

// search looks for a ReadyForQuery at the end of what the server has sent: the client's next byte begins a
// message. In the middle of it, it could as well be data. Where the client sends on before it is answered, no
// such place is known.
func (c *Conn) search(b []byte) {
	const size = 6
	b = b[max(0, len(b)-size):]
	c.tail = append(c.tail, b...)
	c.tail = c.tail[max(0, len(c.tail)-size):]
	if !c.ahead && len(c.tail) == size && string(c.tail[:5]) == "Z\x00\x00\x00\x05" && ends(c.tail, size) {
		c.stage, c.joined, c.tail = running, true, nil
	}
}
