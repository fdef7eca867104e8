package guard

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cleanup is a context for what is done after the test.
func cleanup(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	time.AfterFunc(30*time.Second, cancel)
	return ctx
}

// elfOf copies this executable with the header of another machine.
func elfOf(t *testing.T, machine elf.Machine) string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	content, err := os.ReadFile(self)
	must(t, err)
	binary.LittleEndian.PutUint16(content[18:], uint16(machine))
	path := filepath.Join(t.TempDir(), "headgate")
	must(t, os.WriteFile(path, content, 0o700))
	return path
}

func TestStartRefused(t *testing.T) {
	servicestest.Engine(t)
	cli, err := client.New(client.FromEnv)
	must(t, err)
	defer cli.Close()
	script := filepath.Join(t.TempDir(), "headgate")
	must(t, os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700))
	other := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		other = elf.EM_X86_64
	}
	for name, test := range map[string]struct {
		options Options
		want    string
		engine  bool
		silent  bool // no hint is known
	}{
		"another machine": {
			options: Options{Program: Program{Path: elfOf(t, other)}}, want: "the engine's containers are linux/", engine: true,
		},
		"no executable": {
			options: Options{Program: Program{Path: script}}, want: "no ELF file", engine: true,
		},
		"missing": {
			options: Options{Program: Program{Path: filepath.Join(t.TempDir(), "none")}}, want: "no such file",
			engine: true, silent: true,
		},
		"no port": {
			options: Options{Allow: []string{"api.example.com"}}, want: `"api.example.com" is not host:port`,
		},
		"no such network": {
			options: Options{Image: "headgate-guard:none", Network: "headgate-none"}, want: "creating the guard",
			engine: true, silent: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Client = cli
			_, err := Start(t.Context(), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			var refused *services.EngineError
			if errors.As(err, &refused) != test.engine {
				t.Errorf("%T is an EngineError: %t", err, !test.engine)
			}
			if test.engine && !test.silent && refused.Hint == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestNeeded(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	for name, path := range map[string]string{"this executable": self, "a shell": "/bin/sh"} {
		t.Run(name, func(t *testing.T) {
			found, err := needed(path)
			if errors.Is(err, os.ErrNotExist) || runtime.GOOS != "linux" {
				t.Skip(err)
			}
			must(t, err)
			for i, library := range found {
				if _, err := platform(library); err != nil || slices.Contains(found[:i], library) {
					t.Errorf("%s: %v, or found twice", library, err)
				}
			}
			if len(found) == 1 {
				t.Errorf("only the loader: %v", found)
			}
		})
	}
}

func TestMainRefused(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":      {want: "is for the guards of containers"},
		"other":        {args: []string{"run", "{}"}, want: "is neither hold nor ask"},
		"bad settings": {args: []string{"hold", "{"}, want: "reading the settings"},
		"bad allow":    {args: []string{"hold", `{"allow":["a:0"]}`}, want: "from 1 to 65535"},
		"no fence":     {args: []string{"ask", "{}"}, want: "asking the fence"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if code := Main(t.Context(), test.args, &out); code != 1 {
				t.Errorf("exit status %d", code)
			}
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("got %s, want %q", &out, test.want)
			}
		})
	}
}
