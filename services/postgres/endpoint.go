// Package postgres speaks to PostgreSQL servers: it loads scripts and dumps into databases of its own, takes
// snapshots and puts databases back to them.
package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Endpoint is a database of a server, and who connects to it.
type Endpoint struct {
	Host string
	Port int
	// User and Password log in; an empty password means that none is asked for.
	User, Password string
	Database       string
	// Params are further parameters of the URL, such as sslmode=disable.
	Params string
}

// ParseURL reads postgres://user:password@host:port/database?sslmode=disable. The port is 5432 and the
// database that of the user's name where they are left out. Errors never hold the password.
func ParseURL(text string) (Endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Endpoint{}, errors.New("not a URL")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return Endpoint{}, fmt.Errorf("expected postgres://user:password@host:port/database, found the scheme %q", u.Scheme)
	}
	e := Endpoint{
		Host: u.Hostname(), Port: 5432, User: u.User.Username(), Database: strings.TrimPrefix(u.Path, "/"),
		Params: u.RawQuery,
	}
	e.Password, _ = u.User.Password()
	if p := u.Port(); p != "" {
		if e.Port, err = strconv.Atoi(p); err != nil || e.Port < 1 || e.Port > 65535 {
			return Endpoint{}, fmt.Errorf("expected a port from 1 to 65535, found %s", p)
		}
	}
	if e.Database == "" {
		e.Database = e.User
	}
	if e.Host == "" || e.User == "" {
		return Endpoint{}, errors.New("expected postgres://user:password@host:port/database: the host or the user is missing")
	}
	if _, err := pgconn.ParseConfig(e.URL()); err != nil {
		return Endpoint{}, fmt.Errorf("its parameters cannot be used: %w", errors.Unwrap(err))
	}
	return e, nil
}

// URL is the endpoint as applications are given it, with the password.
func (e Endpoint) URL() string {
	u := url.URL{Scheme: "postgres", Host: e.Addr(), Path: "/" + e.Database, RawQuery: e.Params}
	u.User = url.User(e.User)
	if e.Password != "" {
		u.User = url.UserPassword(e.User, e.Password)
	}
	return u.String()
}

// Addr is host:port.
func (e Endpoint) Addr() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// At is the same database at another address, host:port: the same server as others see it.
func (e Endpoint) At(addr string) (Endpoint, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return e, fmt.Errorf("address of a database: %w", err)
	}
	e.Host = host
	if e.Port, err = strconv.Atoi(port); err != nil {
		return e, fmt.Errorf("address of a database: port %s: %w", port, err)
	}
	return e, nil
}

// In is another database of the same server.
func (e Endpoint) In(database string) Endpoint {
	e.Database = database
	return e
}
