package postgres

// shut ends a portal, and those that had its name.
func (c *Conn) shut(name string) {
	if p := c.portals[name]; p != nil {
		c.replace(p)
		c.finish(p.query)
		delete(c.portals, name)
	}
}

// expire ends portals with their transaction; what the client has bound since then stays.
func (c *Conn) expire(names ...string) {
	for _, name := range names {
		if p := c.portals[name]; p != nil && !p.bound {
			c.replace(p)
		} else {
			c.shut(name)
		}
	}
}

// replace ends the portals that had the same name.
func (c *Conn) replace(p *portal) {
	if p.old != nil {
		c.replace(p.old)
		c.finish(p.old.query)
		p.old = nil
	}
}

// unbind takes back a portal that the server has not made.
func (c *Conn) unbind(name string, p *portal) {
	p.query.leave(kindSkipped)
	c.finish(p.query)
	switch {
	case c.portals[name] != p:
	case p.old != nil:
		c.portals[name] = p.old
	default:
		delete(c.portals, name)
	}
}

// finish ends what a portal executes. Where the client did not read it to its end, what it read is its
// result.
func (c *Conn) finish(q *query) {
	switch {
	case q.suspended:
		c.hand(q)
	case q.executions == 0 && !q.done:
		c.size -= q.size
		q.done = true
	}
}
