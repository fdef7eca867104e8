package services

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
)

// FreePort finds a TCP port at 127.0.0.1 that nobody listens on. Another process may take it before
// the caller does; a driver's Start then says so with a [PortError].
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// PortError says that the port a service wants is taken.
type PortError struct {
	Service string
	Port    int
}

func (e *PortError) Error() string {
	return fmt.Sprintf("%s: port %d is already in use by another process; "+
		"stop that process or choose another port", e.Service, e.Port)
}

// CheckPort returns a [PortError] if somebody listens on the port of the service, at 127.0.0.1 or at
// all addresses. Port 0 is always free.
func CheckPort(s Service) error {
	if s.Port == 0 {
		return nil
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		conn.Close()
		return &PortError{Service: s.Name, Port: s.Port}
	}
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &PortError{Service: s.Name, Port: s.Port}
	case err != nil:
		return fmt.Errorf("%s: checking that port %d is free: %w", s.Name, s.Port, err)
	}
	return l.Close()
}
