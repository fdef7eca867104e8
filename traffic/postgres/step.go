package postgres

// startup is the kind of the step that stands for a login.
const startup = 0

// stepSize is about how many bytes a step takes.
const stepSize = 64

// step is a message of the client that the server has to answer. Its kind is that of the message.
type step struct {
	kind byte
	name string
	// statement is set for Parse, and Describe and Close of a statement; portal for Bind, Execute, and Describe
	// and Close of a portal; query for Query. They are nil where their making was not seen.
	statement *statement
	portal    *portal
	query     *query
	// copying tells that the server has asked for data.
	copying bool
}

// executes is the query that the step executes, or nil.
func (s *step) executes() *query {
	switch {
	case s.query != nil:
		return s.query
	case s.kind == 'E' && s.portal != nil:
		return s.portal.query
	}
	return nil
}

// running is the query that the step executes and that was not handed on, or nil.
func (s *step) running() *query {
	if q := s.executes(); q != nil && !q.done {
		return q
	}
	return nil
}

// closes tells whether the server's ReadyForQuery ends the step.
func (s *step) closes() bool {
	return s.kind == startup || s.kind == 'Q' || s.kind == 'S' || s.kind == 'F'
}

// steps is what the server has to answer, oldest first.
type steps struct {
	all  []step
	next int
	// ends counts those that a ReadyForQuery ends.
	ends int
}

func (s *steps) push(one step) {
	s.all = append(s.all, one)
	if one.closes() {
		s.ends++
	}
}

// head is the oldest step, or nil. It is valid until the next push.
func (s *steps) head() *step {
	if s.next == len(s.all) {
		return nil
	}
	return &s.all[s.next]
}

func (s *steps) pop() {
	if s.all[s.next].closes() {
		s.ends--
	}
	s.all[s.next] = step{}
	s.next++
	switch {
	case s.next == len(s.all):
		s.all, s.next = s.all[:0], 0
	case s.next >= 1024 && s.next*2 > len(s.all):
		s.all = append(s.all[:0], s.all[s.next:]...)
		s.next = 0
	}
}

// only forgets all steps behind the head.
func (s *steps) only() {
	head := s.head()
	if head == nil {
		return
	}
	s.all, s.ends = s.all[:s.next+1], 0
	if head.closes() {
		s.ends = 1
	}
}
