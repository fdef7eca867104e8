package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Restorer loads a dump in pg_dump's custom format into a database of the server, with pg_restore. The error
// holds what pg_restore has written.
type Restorer func(ctx context.Context, dump string, into Endpoint) error

// Fill loads files into the database that becomes the snapshot, one after another, each on a connection of
// its own. A mistake in one is a [FileError].
func (d *Shadow) Fill(ctx context.Context, files []string, restore Restorer) error {
	for _, path := range files {
		dump, err := IsDump(path)
		switch {
		case err != nil:
			return &FileError{Path: path, Err: err}
		case dump:
			err = restored(path, restore(ctx, path, d.server.Endpoint(d.Seed())))
		default:
			err = d.run(ctx, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Shadow) run(ctx context.Context, path string) (err error) {
	in, err := open(path)
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	defer in.Close()
	c, err := d.server.Connect(ctx, d.Seed())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	return c.Run(ctx, path, in)
}

// DumpError is what pg_restore has written before it gave up.
type DumpError struct {
	// Output are its last lines, oldest first.
	Output []string
}

// Error is the first line that says what is wrong.
func (e *DumpError) Error() string {
	first := ""
	for _, line := range e.Output {
		if strings.HasPrefix(line, "pg_restore: error:") {
			return line
		}
		if first == "" {
			first = line
		}
	}
	return "pg_restore: " + first
}

func (e *DumpError) says(word string) bool {
	return strings.Contains(strings.Join(e.Output, " "), word)
}

// restored completes an error of pg_restore with the file.
func restored(path string, err error) error {
	var bad *DumpError
	if !errors.As(err, &bad) {
		return err
	}
	e := &FileError{Path: path, Err: bad}
	switch {
	case bad.says("unsupported version"):
		e.Hint = "the dump was made by a newer pg_dump: use a server, and pg_restore, that are at least as new"
	case bad.says("extension"):
		e.Hint = "use an image that has the extension"
	}
	return e
}

// RestoreCommand is the command that loads a dump; url says into which database.
func RestoreCommand(dump, url string) []string {
	return []string{"pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname=" + url, dump}
}

// RestoreHere runs the pg_restore of this machine. It is a [Restorer].
func RestoreHere(ctx context.Context, dump string, into Endpoint) error {
	password := into.Password
	into.Password = ""
	line := RestoreCommand(dump, into.URL())
	if _, err := exec.LookPath(line[0]); err != nil {
		return fmt.Errorf("%s: pg_restore is not installed on this machine; "+
			"install PostgreSQL's client programs, or make the dump with --format=plain", dump)
	}
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	var output bytes.Buffer
	cmd.Stderr = &output
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", dump, context.Cause(ctx))
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &DumpError{Output: strings.Split(strings.TrimSpace(output.String()), "\n")}
	}
	return err
}
