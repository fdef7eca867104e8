package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// Conn is one connection to one database. It is used from one goroutine at a time.
type Conn struct {
	pg *pgconn.PgConn
}

// connectTimeout bounds one attempt to connect.
const connectTimeout = 5 * time.Second

// Connect opens a connection. The server's list of connections shows it under the name that is given. A
// statement whose ctx ends is ended at the server too, and the connection can be used on.
func Connect(ctx context.Context, e Endpoint, name string) (*Conn, error) {
	return connect(ctx, e, name, func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: cancelTimeout}
	})
}

// cancelTimeout is how long a server may take to end a statement before the connection is given up.
const cancelTimeout = 3 * time.Second

// connect opens a connection; ended says what happens to it when the ctx of a statement ends, nil that it is
// given up.
func connect(
	ctx context.Context, e Endpoint, name string, ended func(*pgconn.PgConn) ctxwatch.Handler,
) (*Conn, error) {
	config, err := pgconn.ParseConfig(e.URL())
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", e.Addr(), errors.Unwrap(err))
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = name
	if ended != nil {
		config.BuildContextWatcherHandler = ended
	}
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s as %s: %w", e.Addr(), e.User, innermost(err))
	}
	return &Conn{pg: pg}, nil
}

// innermost is what the server or the network says, without what the library puts around it: for each address
// that it tried, it repeats the user and the database.
func innermost(err error) error {
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) {
		return &ServerError{pg: said}
	}
	for {
		inner := errors.Unwrap(err)
		if list, ok := err.(interface{ Unwrap() []error }); ok && len(list.Unwrap()) > 0 {
			inner = list.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}

// ServerError is an error that the server has sent.
type ServerError struct {
	pg *pgconn.PgError
}

// Error holds the message, the detail and the SQLSTATE.
func (e *ServerError) Error() string {
	text := e.pg.Message
	if e.pg.Detail != "" {
		text += " (" + strings.TrimSuffix(e.pg.Detail, ".") + ")"
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", text, e.pg.Code)
}

// Code is the SQLSTATE, such as 42P01.
func (e *ServerError) Code() string { return e.pg.Code }

// Final tells that the server will not let the user in later either: the password is wrong, or the role or the
// database does not exist.
func (e *ServerError) Final() bool {
	return strings.HasPrefix(e.pg.Code, "28") || strings.HasPrefix(e.pg.Code, "3D")
}

// said reduces an error of the library to what the server has said, where it has said something.
func said(err error) error {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return &ServerError{pg: e}
	}
	if errors.Is(err, pgconn.ErrConnClosed) { // the library keeps to itself what has closed it
		return errors.New("the server has ended the connection")
	}
	return err
}

func code(err error) string {
	if e := (*ServerError)(nil); errors.As(err, &e) {
		return e.Code()
	}
	return ""
}

// Close ends the connection.
func (c *Conn) Close(ctx context.Context) error { return c.pg.Close(ctx) }

// Exec runs one statement, or several in one transaction.
func (c *Conn) Exec(ctx context.Context, sql string) error {
	_, err := c.Rows(ctx, sql)
	return err
}

// Rows runs one statement and returns its rows as text; nil stands for NULL.
func (c *Conn) Rows(ctx context.Context, sql string) ([][][]byte, error) {
	results, err := c.pg.Exec(ctx, sql).ReadAll()
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, said(err)
	}
	if len(results) == 0 {
		return nil, nil
	}
	return results[len(results)-1].Rows, nil
}

// Value is the first column of the first row that a query gives; ok tells whether there was one that is not
// NULL.
func (c *Conn) Value(ctx context.Context, sql string) (value string, ok bool, err error) {
	rows, err := c.Rows(ctx, sql)
	if err != nil || len(rows) == 0 || len(rows[0]) == 0 || rows[0][0] == nil {
		return "", false, err
	}
	return string(rows[0][0]), true, nil
}

// text is the value of a query that always has one.
func (c *Conn) text(ctx context.Context, sql string) (string, error) {
	v, _, err := c.Value(ctx, sql)
	return v, err
}

// ident quotes a name for use in a statement.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text for use in a statement, with standard strings.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
