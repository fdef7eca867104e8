package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// copyIn copies the files into a container that was made and not yet started.
func (s *Site) copyIn(ctx context.Context, id string, files []services.File) error {
	if len(files) == 0 {
		return nil
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(pack(writer, files)) }()
	_, err := s.engine.client.CopyToContainer(ctx, id, client.CopyToContainerOptions{
		DestinationPath: "/", Content: reader,
	})
	if err != nil {
		err = fmt.Errorf("copying files in: %w", err)
	}
	return errors.Join(err, reader.Close()) // which ends the packing
}

// pack writes the files as a tar archive whose root is that of the container.
func pack(w io.Writer, files []services.File) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		if err := packOne(archive, f); err != nil {
			return fmt.Errorf("the file for %s: %w", f.Target, err)
		}
	}
	return archive.Close()
}

func packOne(archive *tar.Writer, f services.File) error {
	if f.Source == "" {
		mode := f.Mode
		if mode == 0 {
			mode = 0o644
		}
		return write(archive, &tar.Header{Name: inside(f.Target), Mode: mode, Size: int64(len(f.Content))},
			bytes.NewReader(f.Content))
	}
	source, err := filepath.EvalSymlinks(f.Source)
	if err != nil {
		return err
	}
	f.Source = source
	return filepath.WalkDir(f.Source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return packEntry(archive, f, name, entry)
	})
}

// packEntry writes a file, folder or link that lies at or below the source; others are passed over.
func packEntry(archive *tar.Writer, f services.File, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	below, err := filepath.Rel(f.Source, name)
	if err != nil {
		return err
	}
	link := ""
	if info.Mode().Type() == fs.ModeSymlink {
		if link, err = os.Readlink(name); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return nil // a socket or the like, which an archive cannot hold
	}
	header.Name = inside(path.Join(f.Target, filepath.ToSlash(below)))
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if f.Mode != 0 && info.Mode().IsRegular() {
		header.Mode = f.Mode
	}
	if !info.Mode().IsRegular() {
		return archive.WriteHeader(header)
	}
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	return write(archive, header, in)
}

func inside(target string) string { return strings.TrimPrefix(path.Clean("/"+target), "/") }

func write(archive *tar.Writer, header *tar.Header, content io.Reader) error {
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}
