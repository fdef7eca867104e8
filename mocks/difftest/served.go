package difftest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/headgate-dev/headgate/mocks"
)

// Served is an engine of ours: a provider that is started anew for each case.
type Served struct {
	client
	Provider mocks.Provider
	// Dir is an empty folder that the mappings are written to.
	Dir string

	server mocks.Server
}

var _ Engine = (*Served)(nil)

// Load writes the mappings as a WireMock folder and serves what is read back from there.
func (s *Served) Load(ctx context.Context, c *Case) error {
	if err := s.Close(); err != nil {
		return err
	}
	if err := s.write(c); err != nil {
		return fmt.Errorf("writing the mappings: %w", err)
	}
	stubs, err := mocks.LoadStubs(s.Dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	server, err := s.Provider.Start(ctx, &mocks.Plan{Name: "difftest", Stubs: stubs})
	if err != nil {
		return err
	}
	u, err := url.Parse(server.URL())
	s.server, s.client = server, client{addr: u.Host}
	return err
}

func (s *Served) write(c *Case) error {
	if err := os.RemoveAll(s.Dir); err != nil {
		return err
	}
	data := []byte(encode(map[string]any{"mappings": c.Mappings}))
	errs := []error{s.file("mappings/case.json", data)}
	for name, data := range c.Files {
		errs = append(errs, s.file(filepath.Join("__files", name), data))
	}
	return errors.Join(errs...)
}

func (s *Served) file(name string, data []byte) error {
	name = filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}

// Do sends one request to a stub.
func (s *Served) Do(ctx context.Context, r *Request) (*Answer, error) {
	return s.do(ctx, r, func(resp *http.Response) bool {
		// net/http dates every answer but the one to a request that it cannot read.
		return resp.Header.Get(mocks.MissHeader) == "" && resp.Header.Get("Date") != ""
	})
}

// Close ends the server.
func (s *Served) Close() error {
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	s.server = nil
	return err
}
