package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/admin"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

type mockFlags struct {
	stubs, bind, admin, root string
	port, journal            int
	templating               bool
}

func (p *program) mockCommand() *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Serve a folder of WireMock stubs alone",
		Long: `Mock serves WireMock mappings until Ctrl-C: a folder with mappings and __files, a folder of .json
files, or one file. WireMock's admin API under /__admin adds, changes and removes stubs and asks what was
called, so that any WireMock client drives it. A request that no stub matches is answered with 404 and a
table that sets the nearest stub beside it.

Unlike the mocks of a run it passes requests on where a stub's proxyBaseUrl or a recording says so.

Exit codes: 0 ended by Ctrl-C or /__admin/shutdown, 3 wrong flags or stubs, 4 the address could not be had.`,
		Example: `  headgate mock --stubs wiremock/
  headgate mock --stubs stubs.json --port 0 --admin off
  headgate mock --root-dir wiremock/     # admin calls may save stubs and body files there`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.mock(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.stubs, "stubs", "", "WireMock folder or file to serve; --root-dir if not given")
	flags.IntVar(&f.port, "port", 8080, "port to listen on; 0 takes a free one")
	flags.StringVar(&f.bind, "bind", "127.0.0.1", "address to listen on; 0.0.0.0 for all of this machine")
	flags.StringVar(&f.admin, "admin", "loopback", "who may use the admin API: loopback, all or off")
	flags.StringVar(&f.root, "root-dir", "", "folder that admin calls save stubs and body files to; nowhere if not given")
	flags.IntVar(&f.journal, "journal", 10_000, "requests to remember for the admin API")
	flags.BoolVar(&f.templating, "global-response-templating", false, "take every answer for a template")
	return cmd
}

func (f mockFlags) check() error {
	switch {
	case f.admin != "loopback" && f.admin != "all" && f.admin != "off":
		return usage(fmt.Errorf("--admin: expected loopback, all or off, got %q", f.admin), "for example --admin loopback")
	case f.port < 0 || f.port > 65535:
		return usage(fmt.Errorf("--port: expected 0 to 65535, got %d", f.port), "0 takes a free one")
	case f.journal < 1:
		return usage(fmt.Errorf("--journal: expected 1 or more, got %d", f.journal), "leave it out for 10000")
	case f.stubs == "" && f.root == "" && f.admin == "off":
		return usage(errors.New("nothing to serve: no --stubs, and the admin API is off"), "for example --stubs wiremock/")
	}
	return nil
}

// load reads the stubs and says how those of the admin API are read.
func (f mockFlags) load() ([]*mocks.Stub, mocks.Options, error) {
	o := mocks.Options{Templating: f.templating}
	from := f.stubs
	if from == "" {
		from = f.root
	}
	if from == "" {
		return nil, o, nil
	}
	base := from
	if info, err := os.Stat(from); err == nil && !info.IsDir() {
		base = filepath.Dir(from)
	}
	stubs, err := o.Load(from)
	o.Files = mocks.FilesUnder(filepath.Join(base, "__files"))
	if f.root != "" {
		o.Files = mocks.FilesUnder(filepath.Join(f.root, "__files"))
	}
	if err != nil && f.stubs == "" && emptyRoot(f.root) {
		return nil, o, nil
	}
	return stubs, o, err
}

// emptyRoot tells whether a folder holds no mapping yet.
func emptyRoot(dir string) bool {
	found := false
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Ext(path) == ".json" {
			found = true
		}
		return err
	})
	return !found && (err == nil || errors.Is(err, fs.ErrNotExist))
}

func (p *program) mock(ctx context.Context, f mockFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	stubs, options, err := f.load()
	if err != nil {
		return usage(err, "nothing is served until every stub can be read")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server, err := embedded.Provider{
		Addr:   net.JoinHostPort(f.bind, strconv.Itoa(f.port)),
		Proxy:  true,
		Table:  true,
		Log:    f.journal,
		Logger: slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Admin:  f.adminAPI(options, stop),
	}.Open(ctx, &mocks.Plan{Name: "mock", Stubs: stubs, Miss: mocks.Miss{Status: http.StatusNotFound}})
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another --port or --bind"}
	}
	fmt.Fprintf(p.out, "serving %d stubs on %s\n", len(stubs), server.URL())
	if f.admin != "off" {
		fmt.Fprintf(p.out, "admin API on %s/__admin (%s)\n", server.URL(), f.admin)
	}
	fmt.Fprintln(p.out, "Ctrl-C ends it")
	<-ctx.Done()
	return server.Close() //nolint:contextcheck // closing outlives the signal
}

// adminAPI is nil where the API is off.
func (f mockFlags) adminAPI(stubs mocks.Options, stop func()) func(*embedded.Server) http.Handler {
	if f.admin == "off" {
		return nil
	}
	return func(s *embedded.Server) http.Handler {
		return admin.New(s, admin.Options{
			Root: f.root, Stubs: stubs, Remote: f.admin == "all", Version: version, Shutdown: stop,
		})
	}
}
