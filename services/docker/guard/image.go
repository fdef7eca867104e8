package guard

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// ImageLabel marks the images of guards, with the value "guard". They carry no run's label: runs share
// them, and whoever cleans up removes them when no run is alive.
const ImageLabel = "dev.headgate.image"

// Prepare makes the image of guards, unless it is there, and gives its name. The image holds the
// program and, where that is linked dynamically, its libraries; the name tells its content.
func Prepare(ctx context.Context, c *client.Client, p Program) (string, error) {
	path, err := p.path()
	if err != nil {
		return "", err
	}
	if err := suits(ctx, c, path); err != nil {
		return "", err
	}
	digest, err := hashFile(path)
	if err != nil {
		return "", err
	}
	name := "headgate-guard:" + digest[:20]
	_, err = c.ImageInspect(ctx, name)
	if err == nil {
		return name, nil
	}
	if !gone(err) {
		return "", fmt.Errorf("looking for the guard's image: %w", err)
	}
	if err := importImage(ctx, c, path, name); err != nil {
		return "", fmt.Errorf("making the guard's image: %w", err)
	}
	return name, nil
}

func (p Program) path() (string, error) {
	if p.Path != "" {
		return p.Path, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this executable: %w", err)
	}
	return path, nil
}

// machines are the architectures of Go by their names in executables.
func machines() map[elf.Machine]string {
	return map[elf.Machine]string{
		elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm",
		elf.EM_RISCV: "riscv64", elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x", elf.EM_LOONGARCH: "loong64",
	}
}

// suits refuses an executable that the engine's containers cannot run.
func suits(ctx context.Context, c *client.Client, path string) error {
	version, err := c.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return fmt.Errorf("reading the engine's version: %w", err)
	}
	have, err := platform(path)
	if err != nil {
		return err
	}
	if want := version.Os + "/" + version.Arch; have != want {
		return &services.EngineError{
			Err: fmt.Errorf("isolation runs %s inside of a container: it is for %s, the engine's containers are %s",
				path, have, want),
			Hint: "run headgate itself on " + want + ", such as in CI, or do without (egress: allow)",
		}
	}
	return nil
}

// platform tells what an executable is for, as os/architecture.
func platform(path string) (string, error) {
	content, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the executable: %w", err)
	}
	defer content.Close()
	f, err := elf.NewFile(content)
	if err != nil {
		return runtime.GOOS + "/" + runtime.GOARCH + " (no ELF file)", nil
	}
	return "linux/" + machines()[f.Machine], nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the executable: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading the executable: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// importImage hands the engine a file system with the executable and what it needs.
func importImage(ctx context.Context, c *client.Client, path, name string) error {
	libraries, err := needed(path)
	if err != nil {
		return err
	}
	changes := []string{"LABEL " + ImageLabel + "=guard"}
	if folders := libraries.folders(); len(folders) > 0 {
		changes = append(changes, "ENV LD_LIBRARY_PATH="+strings.Join(folders, ":"))
	}
	content, written := io.Pipe()
	var writer sync.WaitGroup
	defer func() {
		_ = content.Close()
		writer.Wait()
	}()
	writer.Go(func() { written.CloseWithError(writeRoot(written, path, libraries)) })
	source := client.ImageImportSource{Source: content, SourceName: "-"}
	progress, err := c.ImageImport(ctx, source, name, client.ImageImportOptions{Changes: changes})
	if err != nil {
		return err
	}
	defer progress.Close()
	return importProblem(progress)
}

// importProblem reads the engine's messages to their end and gives the error among them.
func importProblem(progress io.Reader) error {
	messages := json.NewDecoder(progress)
	for {
		var m struct {
			Error string `json:"error"`
		}
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the engine's answer: %w", err)
		case m.Error != "":
			return errors.New(m.Error)
		}
	}
}

// writeRoot writes the image's file system: every file at the path that it has here, the executable at
// one that is always the same.
func writeRoot(w io.Writer, path string, libraries libraries) error {
	t := tar.NewWriter(w)
	if err := addFile(t, path, inside); err != nil {
		return err
	}
	for _, l := range libraries {
		if err := addFile(t, l, l); err != nil {
			return err
		}
	}
	return t.Close()
}

func addFile(t *tar.Writer, path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head := &tar.Header{Name: strings.TrimPrefix(name, "/"), Mode: 0o755, Size: info.Size(), Format: tar.FormatPAX}
	if err := t.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
