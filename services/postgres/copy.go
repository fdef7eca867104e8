package postgres

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// copyData is what follows COPY ... FROM stdin in a script. It ends before the line \. and takes that
// line along.
type copyData struct {
	script *Script
	begin  int
	// rest is what is read and not handed out yet; inside tells that a long line goes on.
	rest   []byte
	inside bool
	ended  bool
}

// Read reads up to the line \. A script that ends without it is cut off: that is a [SyntaxError].
func (d *copyData) Read(p []byte) (int, error) {
	if len(d.rest) == 0 && !d.ended {
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	if d.ended {
		return 0, io.EOF
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *copyData) fill() error {
	line, err := d.script.in.ReadSlice('\n')
	whole := err == nil
	switch {
	case whole:
		d.script.line++
	case errors.Is(err, bufio.ErrBufferFull), err == io.EOF:
	default:
		return err
	}
	if !d.inside && string(bytes.TrimRight(line, "\r\n")) == `\.` {
		d.ended = true
		return nil
	}
	if err == io.EOF {
		return d.script.fail(d.begin, "the file is cut off: make it again",
			`the data of COPY begins here and does not end with the line \.`)
	}
	d.inside, d.rest = !whole, line
	return nil
}
