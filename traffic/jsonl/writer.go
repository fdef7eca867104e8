package jsonl

import (
	"bufio"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
)

// Writer writes one record per line. It is for one goroutine at a time.
type Writer struct {
	out *bufio.Writer
	buf []byte
}

// NewWriter writes to w; the last lines are only there after Flush.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriter(w)} }

// Write appends one record. After an error the writer is of no more use.
func (w *Writer) Write(r *traffic.Record) error {
	line, err := r.AppendJSON(w.buf[:0])
	if err != nil {
		return err
	}
	line = append(line, '\n')
	w.buf = line
	if _, err := w.out.Write(line); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	return nil
}

// Flush hands everything written so far to the underlying writer.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}
