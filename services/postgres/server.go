package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Server is a server on which databases can be made. Its methods may be called from any goroutine.
type Server struct {
	endpoint Endpoint
	name     string
	version  int
	// super tells that what is read here can be kept out of the statistics.
	super bool

	mu    sync.Mutex
	admin *Conn

	watching sync.WaitGroup
	stop     context.CancelFunc
	lost     chan struct{}
}

// oldest is the first version that drops databases which are in use, in the form of server_version_num.
const oldest = 130000

// Open connects to the database that the endpoint names and checks that databases can be made there. run
// names who does it: databases of runs that have ended are found by it. Close must be called.
func Open(ctx context.Context, e Endpoint, run string) (*Server, error) {
	s := &Server{endpoint: e, name: owner(run), lost: make(chan struct{})}
	var err error
	if s.admin, err = Connect(ctx, e, s.name); err != nil {
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.admin.Close(ctx))
	}
	return s, nil
}

// owner is how a run is called in the server's list of connections and in the comments of its databases.
func owner(run string) string {
	name := prefix + " " + run
	return name[:min(len(name), maxName)]
}

// prefix begins the name of everything that is made on a server.
const prefix = "headgate"

// RefusedError says that a server cannot be used, and what to do about it.
type RefusedError struct {
	Hint string
	text string
}

func (e *RefusedError) Error() string { return e.text }

// check finds what would keep databases from being made.
func (s *Server) check(ctx context.Context) error {
	rows, err := s.admin.Rows(ctx, `select current_setting('server_version_num'), current_setting('server_version'),
		pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool,
		(select rolcreatedb or rolsuper from pg_roles where rolname = current_user), current_setting('is_superuser')`)
	if err != nil {
		return fmt.Errorf("asking %s for its version: %w", s.endpoint.Addr(), err)
	}
	row := rows[0]
	if s.version, err = strconv.Atoi(string(row[0])); err != nil {
		return fmt.Errorf("version of %s: %w", s.endpoint.Addr(), err)
	}
	s.super = string(row[4]) == "on"
	switch {
	case s.version < oldest:
		return &RefusedError{
			text: fmt.Sprintf("the server at %s is PostgreSQL %s, too old", s.endpoint.Addr(), row[1]),
			Hint: "use version 13 or newer",
		}
	case string(row[2]) == "t":
		return &RefusedError{
			text: fmt.Sprintf("the server at %s takes no writes: it is a replica or read-only", s.endpoint.Addr()),
			Hint: "give the URL of a server on which databases can be made",
		}
	case string(row[3]) != "t":
		return &RefusedError{
			text: fmt.Sprintf("the role %s may not make databases at %s", s.endpoint.User, s.endpoint.Addr()),
			Hint: "ALTER ROLE " + ident(s.endpoint.User) + " CREATEDB",
		}
	}
	return nil
}

// Version is the server's version, such as "15.18".
func (s *Server) Version() string { return fmt.Sprintf("%d.%d", s.version/10000, s.version%10000) }

// Endpoint is where a database of the server is.
func (s *Server) Endpoint(database string) Endpoint { return s.endpoint.In(database) }

// Watch keeps a connection open until Close; Lost is closed when the server ends it. It also shows to other
// runs that this one lives.
func (s *Server) Watch(ctx context.Context) error {
	c, err := connect(ctx, s.endpoint, s.name, nil)
	if err != nil {
		return err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.watching.Go(func() {
		defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
		for ctx.Err() == nil {
			if err := c.pg.WaitForNotification(ctx); err != nil && ctx.Err() == nil {
				close(s.lost)
				return
			}
		}
	})
	return nil
}

// Lost is closed when the server has ended the connection of Watch.
func (s *Server) Lost() <-chan struct{} { return s.lost }

// Close ends all connections.
func (s *Server) Close(ctx context.Context) error {
	if s.stop != nil {
		s.stop()
	}
	s.watching.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admin.Close(ctx)
}

// Connect opens a connection to a database of the server.
func (s *Server) Connect(ctx context.Context, database string) (*Conn, error) {
	return Connect(ctx, s.endpoint.In(database), s.name)
}

// exec runs a statement of its own, outside of the databases that are made.
func (s *Server) exec(ctx context.Context, format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admin.Exec(ctx, fmt.Sprintf(format, args...))
}

// Leftovers are the databases that other runs have made and not removed, and that have no connection any more
// which would show that they live. They are named "headgate_..." and are left alone.
func (s *Server) Leftovers(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, err := s.admin.Rows(ctx, `select datname from pg_database d
		where datname like 'headgate\_%' and shobj_description(oid, 'pg_database') like 'headgate %'
		and not exists (select from pg_stat_activity where application_name = shobj_description(d.oid, 'pg_database'))
		order by datname`)
	if err != nil {
		return nil, fmt.Errorf("looking for databases of ended runs: %w", err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, string(row[0]))
	}
	return names, nil
}

// maxName is how long a name can be in PostgreSQL, in bytes.
const maxName = 63

// Name is the name for a database of a run: headgate_<run>_<name>, as PostgreSQL takes it without quotes.
func Name(run, name string) string {
	plain := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}
	full := prefix + "_" + strings.Map(plain, strings.ToLower(run)) + "_" + strings.Map(plain, strings.ToLower(name))
	return shorten(full, maxName-len(snapshotSuffix))
}
