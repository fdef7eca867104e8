package traffic

// span is a list of a query or its answer: which of the decoder's values are its.
type span struct {
	first, end int
	given      bool
}

// answer is a result taken apart.
type answer struct {
	// columns and fields have names and what belongs to them in turn.
	columns, rows, fields span
	height, width         int // of rows
	tag, state, message   text
	failed                bool
}

// asks tells whether a message has anything of a query.
func (m *message) asks() bool { return m.sql.raw != nil || m.params.given }

// answers tells whether a message has anything of an answer to a query.
func (m *message) answers() bool {
	a := &m.answer
	return a.columns.given || a.rows.given || a.tag.raw != nil || a.failed || m.continued
}

// speaks tells whether a message has anything of HTTP.
func (m *message) speaks() bool {
	return m.method.raw != nil || m.url.raw != nil || m.headed || m.body.raw != nil || m.base64.raw != nil || m.status != 0
}

// pairs takes a list of objects with two members at most, the second of which may be null.
func (d *Decoder) pairs(first, second string) span {
	l, s := &d.lexer, span{first: len(d.values), given: true}
	l.open('[')
	for n := 0; l.more(']', n); n++ {
		var pair [2]text
		l.open('{')
		for k := 0; l.more('}', k); k++ {
			switch key := l.key(); string(key) {
			case first:
				l.member(&pair[0])
			case second:
				l.once(pair[1].raw == nil)
				pair[1] = l.nullable()
			default:
				l.bad = true
			}
		}
		d.values = append(d.values, pair[0], pair[1])
	}
	s.end = len(d.values)
	return s
}

// answer takes a member of a result; it is false for any other.
func (d *Decoder) answer(a *answer, key []byte) bool {
	l := &d.lexer
	switch string(key) {
	case "columns":
		l.once(!a.columns.given)
		a.columns = d.pairs("name", "type")
	case "rows":
		l.once(!a.rows.given)
		d.rows(a)
	case "tag":
		l.member(&a.tag)
	case "error":
		l.once(!a.failed)
		a.failed = true
		d.failure(a)
	default:
		return false
	}
	return true
}

func (d *Decoder) answersBehind() []answer {
	l, first := &d.lexer, len(d.answers)
	l.open('[')
	for n := 0; l.more(']', n); n++ {
		var a answer
		l.open('{')
		for k := 0; l.more('}', k); k++ {
			if !d.answer(&a, l.key()) {
				l.bad = true
			}
		}
		d.answers = append(d.answers, a)
	}
	return d.answers[first:]
}

// rows takes rows that are all of one width.
func (d *Decoder) rows(a *answer) {
	l := &d.lexer
	a.rows = span{first: len(d.values), given: true}
	l.open('[')
	for ; l.more(']', a.height); a.height++ {
		before, width := len(d.values), 0
		l.open('[')
		for ; l.more(']', width); width++ {
			d.values = append(d.values, l.nullable())
		}
		l.bad = l.bad || a.height > 0 && len(d.values)-before != a.width
		a.width = width
	}
	a.rows.end = len(d.values)
}

func (d *Decoder) failure(a *answer) {
	l := &d.lexer
	l.open('{')
	for n := 0; l.more('}', n); n++ {
		switch string(l.key()) {
		case "sqlstate":
			l.member(&a.state)
		case "message":
			l.member(&a.message)
		case "fields":
			l.once(!a.fields.given)
			a.fields = span{first: len(d.values), given: true}
			l.open('{')
			for k := 0; l.more('}', k); k++ {
				name := l.key()
				d.values = append(d.values, text{name, len(name)}, l.text())
			}
			a.fields.end = len(d.values)
		default:
			l.bad = true
		}
	}
}

// query builds the request of a Postgres record.
func (d *Decoder) query(r *Request) bool {
	m := &d.form.request
	if m.sql.raw == nil || m.speaks() || m.answers() {
		return false
	}
	r.Host = d.word(m.host)
	r.Query = &Query{SQL: m.sql.string()}
	if m.params.given {
		pairs := d.values[m.params.first:m.params.end]
		r.Query.Params = make([]Param, len(pairs)/2)
		for i := range r.Query.Params {
			r.Query.Params[i] = Param{Type: d.word(pairs[2*i]), Value: d.null(pairs[2*i+1])}
		}
	}
	return true
}

// result builds the response of a Postgres record.
func (d *Decoder) result(r *Response) bool {
	m := &d.form.response
	if m.asks() || m.speaks() {
		return false
	}
	first, ok := d.one(&m.answer)
	r.Result = &first
	for i := range m.then {
		next, fine := d.one(&m.then[i])
		r.Result.Then, ok = append(r.Result.Then, next), ok && fine
	}
	return ok
}

// one is a result without those behind it.
func (d *Decoder) one(a *answer) (r Result, ok bool) {
	columns := d.values[a.columns.first:a.columns.end]
	if a.height > 0 && a.width != len(columns)/2 || a.failed && (a.state.size == 0 || a.tag.size > 0) {
		return r, false
	}
	r.Tag = d.word(a.tag)
	if a.columns.given {
		r.Columns = make([]Column, len(columns)/2)
		for i := range r.Columns {
			r.Columns[i] = Column{Name: d.word(columns[2*i]), Type: d.word(columns[2*i+1])}
		}
	}
	if a.rows.given {
		r.Rows = d.table(a)
	}
	if !a.failed {
		return r, true
	}
	r.Error = &QueryError{SQLState: d.word(a.state), Message: a.message.string()}
	fields := d.values[a.fields.first:a.fields.end]
	for i := 0; i < len(fields); i += 2 {
		if r.Error.Fields == nil {
			r.Error.Fields = make(map[string]string, len(fields)/2)
		}
		r.Error.Fields[d.word(fields[i])] = d.cut(fields[i+1])
	}
	return r, len(r.Error.Fields) == len(fields)/2
}

func (d *Decoder) table(a *answer) [][]*string {
	cells := d.values[a.rows.first:a.rows.end]
	texts, values := make([]string, len(cells)), make([]*string, len(cells))
	for i, t := range cells {
		if t.raw != nil {
			texts[i] = d.cut(t)
			values[i] = &texts[i]
		}
	}
	rows := make([][]*string, a.height)
	for i := range rows {
		rows[i] = values[i*a.width : (i+1)*a.width : (i+1)*a.width]
	}
	return rows
}

// null is the value, nil for null.
func (d *Decoder) null(t text) *string {
	if t.raw == nil {
		return nil
	}
	value := d.cut(t)
	return &value
}
