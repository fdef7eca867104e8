package transform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// parseTable reads a CSV file (RFC 4180) of two columns. Its errors begin with the line.
func parseTable(src []byte) (map[string]string, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = '#', -1, true
	table := map[string]string{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, fmt.Errorf("line %d: %w", bad.Line, bad.Err)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if err := addRow(table, row); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if len(table) == 0 {
		return nil, errors.New("no line holds two values")
	}
	return table, nil
}

func addRow(table map[string]string, row []string) error {
	switch {
	case len(row) != 2:
		return fmt.Errorf("%d columns, expected 2", len(row))
	case row[0] == "" || row[1] == "":
		return errors.New("a value is empty, expected two")
	}
	if before, ok := table[row[0]]; ok && before != row[1] {
		return fmt.Errorf("%q stands in the first column for the second time, with another value", row[0])
	}
	table[row[0]] = row[1]
	return nil
}
