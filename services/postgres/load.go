package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

// FileError says what is wrong with a file that was loaded, and where.
type FileError struct {
	// Path is the file, Line where the mistake is; 0 where only the file is known.
	Path string
	Line int
	// Statement is the beginning of the statement, in one line; it may be empty.
	Statement string
	// Hint says what to do about it; it may be empty.
	Hint string
	Err  error
}

// Error is file:line, what is wrong and the statement's beginning.
func (e *FileError) Error() string {
	at := e.Path
	if e.Line > 0 {
		at += ":" + strconv.Itoa(e.Line)
	}
	text := at + ": " + e.Err.Error()
	if e.Statement != "" {
		text += ", in: " + e.Statement
	}
	return text
}

func (e *FileError) Unwrap() error { return e.Err }

// Run runs a script, each statement in a transaction of its own unless the script opens one. A mistake in
// it is a [FileError]; path stands in it.
func (c *Conn) Run(ctx context.Context, path string, script io.Reader) error {
	if err := c.Exec(ctx, "set synchronous_commit = off"); err != nil {
		return err
	}
	for s := NewScript(script); ; {
		st, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = c.statement(ctx, st)
		}
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return c.located(path, st, err)
		}
	}
	if c.pg.TxStatus() != 'I' {
		return &FileError{
			Path: path, Err: errors.New("a transaction is open at the end of the file: nothing of it would stay"),
			Hint: "add COMMIT;",
		}
	}
	return nil
}

func (c *Conn) statement(ctx context.Context, st Statement) error {
	if st.Data != nil {
		data := &remembering{Reader: st.Data}
		_, err := c.pg.CopyFrom(ctx, data, st.Text)
		return errors.Join(data.err, err)
	}
	if err := refused(st.Text); err != nil {
		return err
	}
	results := c.pg.Exec(ctx, st.Text)
	for results.NextResult() {
		_, _ = results.ResultReader().Close()
	}
	err := results.Close()
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) && tolerated(st.Text, e.Code) {
		return nil
	}
	return err
}

// remembering keeps the error of a reader: the server only tells that there was one.
type remembering struct {
	io.Reader
	err error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// undefinedObject is the SQLSTATE of a setting, role or type that does not exist.
const undefinedObject = "42704"

// tolerated tells whether a statement need not hold: pg_dump of version 17 sets what older servers do not have.
func tolerated(text, code string) bool {
	return code == undefinedObject && strings.HasPrefix(text, "SET transaction_timeout = 0")
}

var wholeServer = regexp.MustCompile(`(?is)^\s*(create|alter|drop)\s+(database|tablespace|system)\b`)

var looseStrings = regexp.MustCompile(
	`(?is)^\s*set\s+(session\s+|local\s+)?standard_conforming_strings\s*(=|to)\s*'?(off|false)`)

// refused finds statements that reach beyond the database that is filled.
func refused(text string) error {
	switch {
	case wholeServer.MatchString(text):
		return &RefusedError{
			text: "a seed fills one database and leaves the server alone",
			Hint: "leave the statement out; dump with pg_dump without --create",
		}
	case looseStrings.MatchString(text):
		return &RefusedError{
			text: "strings with backslashes of old are not read",
			Hint: "make the dump with standard_conforming_strings = on",
		}
	}
	return nil
}

// located says where in the script an error is. An error of the connection is returned as it is.
func (c *Conn) located(path string, st Statement, err error) error {
	e := &FileError{Path: path, Line: st.Line, Statement: beginning(st.Text), Err: err}
	var syntax *SyntaxError
	var refusal *RefusedError
	var server *pgconn.PgError
	switch {
	case errors.As(err, &syntax):
		e.Line, e.Hint, e.Err = syntax.Line, syntax.Hint, syntax
	case errors.As(err, &refusal):
		e.Hint, e.Err = refusal.Hint, refusal
	case errors.As(err, &server) && !ended(server.Code):
		e.Line, e.Err, e.Hint = lineOf(st, server), &ServerError{pg: server}, hint(server)
	default:
		return fmt.Errorf("%s:%d: %w", path, st.Line, said(err))
	}
	return e
}

// ended tells whether the server ends connections or is out of something, so that the file has no part in it.
func ended(code string) bool {
	return strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58030") ||
		strings.HasPrefix(code, "XX")
}

var copyLine = regexp.MustCompile(`COPY .*, line (\d+)`)

// lineOf is where in the file the server has found the mistake.
func lineOf(st Statement, e *pgconn.PgError) int {
	if m := copyLine.FindStringSubmatch(e.Where); m != nil && st.Data != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return st.DataLine + n - 1
		}
	}
	line, left := st.Line, int(e.Position)
	for _, r := range st.Text {
		if left--; left <= 0 {
			break
		}
		if r == '\n' {
			line++
		}
	}
	return line
}

func hint(e *pgconn.PgError) string {
	switch {
	case e.Code == undefinedObject && strings.HasPrefix(e.Message, "role "):
		return "dump with pg_dump --no-owner --no-privileges, or name the role as user: of the database"
	case strings.Contains(e.Message, "extension"):
		return "use an image that has the extension"
	}
	return e.Hint
}

// shownStatement is how much of a statement is shown, in bytes.
const shownStatement = 80

// beginning is the start of a statement in one line.
func beginning(text string) string {
	cut := text[:min(len(text), 4*shownStatement)]
	line := strings.Join(strings.Fields(cut), " ")
	if len(line) <= shownStatement && len(cut) == len(text) {
		return line
	}
	line = line[:min(len(line), shownStatement)]
	for !utf8.ValidString(line) {
		line = line[:len(line)-1]
	}
	return line + "..."
}
