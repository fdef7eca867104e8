package index

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/store"
)

// Name is what the index file of a folder is called.
const Name = ".headgate-index"

// magic begins an index file. Its number changes with all that is in the file, and how it is found.
const magic = "headgate index 1\n"

// header is what an index file says of one data file, before its entries.
type header struct {
	// Name, Size and Version are those of the data file, Rules the options that it was read with.
	Name    string
	Size    int64
	Version string
	Rules   string
	// Counts is what reading the file found, without its problems: Problems are their texts.
	Counts   formats.Counts
	Problems []string `json:",omitempty"`
	// Endpoints are what the entries have the numbers of.
	Endpoints []string
	// Sessions is a sentence that says how its sessions were found.
	Sessions string
	// First and Last are the times of its first and last record, in nanoseconds since 1970.
	First, Last int64
	// ByPlace tells that records can be read one by one.
	ByPlace bool
	// Summary is the length of a summary of its records, which stands before the entries. Entries and Bytes are the
	// number and the length of the entries; Sum is the CRC-32C of both.
	Summary int64
	Entries int
	Bytes   int64
	Sum     uint32
}

// section is the index of one data file; its summary and its entries stand in a temporary file.
type section struct {
	header

	// summed is where the summary stands, at where the entries do.
	summed, at int64
}

// spill is a temporary file, without a name where the operating system allows it.
type spill struct {
	file  *os.File
	size  int64
	named bool
}

func newSpill() (*spill, error) {
	file, err := os.CreateTemp("", "headgate-index-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return &spill{file: file, named: os.Remove(file.Name()) != nil}, nil
}

// Close frees the disk space.
func (s *spill) Close() error {
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}

// Write implements io.Writer.
func (s *spill) Write(b []byte) (int, error) {
	n, err := s.file.WriteAt(b, s.size)
	s.size += int64(n)
	return n, err
}

// part reads a part of the file.
func (s *spill) part(at, length int64) io.Reader { return io.NewSectionReader(s.file, at, length) }

// castagnoli is the table of CRC-32C, which processors know.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// errDamaged is wrapped where an index file is not as it was written.
var errDamaged = errors.New("the index is damaged")

// longestHeader bounds what is read of a header, in bytes.
const longestHeader = 1 << 30

// readSections reads the index file of a folder into spill. What is whole is returned, up to the first thing that is
// not; there is no error where there is no index file.
func readSections(ctx context.Context, s store.Store, folder string, to *spill) ([]*section, error) {
	location := store.Join(folder, Name)
	file, err := s.Open(ctx, location, 0, -1)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the index of %s: %w", folder, err)
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 256<<10)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != magic {
		return nil, fmt.Errorf("%w: %s", errDamaged, location)
	}
	var list []*section
	for {
		next, err := readSection(in, to)
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return list, fmt.Errorf("%s: %w", location, err)
		}
		list = append(list, next)
	}
}

func readSection(in *bufio.Reader, to *spill) (*section, error) {
	var sizes [8]byte
	if _, err := io.ReadFull(in, sizes[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	length, sum := binary.LittleEndian.Uint32(sizes[:4]), binary.LittleEndian.Uint32(sizes[4:])
	if length > longestHeader {
		return nil, errDamaged
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err != nil || len(text) != int(length) || crc32.Checksum(text, castagnoli()) != sum {
		return nil, errDamaged
	}
	next := &section{summed: to.size}
	if err := json.Unmarshal(text, &next.header); err != nil || next.Summary < 0 || next.Bytes < 0 {
		return nil, errDamaged
	}
	next.at = next.summed + next.Summary
	check := crc32.New(castagnoli())
	_, err = io.CopyN(io.MultiWriter(to, check), in, next.Summary+next.Bytes)
	if err != nil || check.Sum32() != next.Sum {
		return nil, errDamaged
	}
	return next, nil
}

// writeSections writes the index file of a folder.
func writeSections(ctx context.Context, folder string, list []*section, from *spill) error {
	location := store.Join(folder, Name)
	s, err := store.At(location)
	if err != nil {
		return err
	}
	file, err := s.Create(ctx, location)
	if err != nil {
		return fmt.Errorf("writing the index of %s: %w", folder, err)
	}
	defer file.Discard()
	out := bufio.NewWriterSize(file, 256<<10)
	_, err = out.WriteString(magic)
	for _, s := range list {
		if err == nil {
			err = s.write(out, from)
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Commit()
	}
	if err != nil {
		return fmt.Errorf("writing the index of %s: %w", folder, err)
	}
	return nil
}

func (s *section) write(out io.Writer, from *spill) error {
	text, err := json.Marshal(&s.header)
	if err != nil {
		return err
	}
	sizes := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	sizes = binary.LittleEndian.AppendUint32(sizes, crc32.Checksum(text, castagnoli()))
	if _, err := out.Write(append(sizes, text...)); err != nil {
		return err
	}
	for _, part := range []io.Reader{from.part(s.summed, s.Summary), from.part(s.at, s.Bytes)} {
		if _, err := io.Copy(out, part); err != nil {
			return err
		}
	}
	return nil
}
