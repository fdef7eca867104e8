package mocks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// MissHeader is set on the answer to an unmatched request.
const MissHeader = "X-Headgate-Miss"

// DefaultMissStatus is the status of the answer to an unmatched request: none that a real service
// gives.
const DefaultMissStatus = 599

// WriteMisses writes the candidate stub of each distinct miss as one file of pretty WireMock JSON,
// ready to be completed and loaded. The folder is made where it is missing; without misses nothing is
// written. A miss without a candidate is left out.
func WriteMisses(dir string, j Journal) error {
	for i, m := range j.Misses {
		if m.Candidate == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("writing candidate stubs: %w", err)
		}
		data, err := pretty(m.Candidate)
		if err != nil {
			return fmt.Errorf("writing candidate stub %s: %w", m.Candidate.Label(), err)
		}
		name := fmt.Sprintf("%03d-%s.json", i+1, fileName(m.Candidate.Name))
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("writing candidate stubs: %w", err)
		}
	}
	return nil
}

func pretty(s *Stub) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(s)
	return b.Bytes(), err
}

// fileName keeps letters and digits of a label, at most 60 bytes.
func fileName(label string) string {
	clean := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '-'
	}, label)
	for strings.Contains(clean, "--") {
		clean = strings.ReplaceAll(clean, "--", "-")
	}
	return strings.Trim(clean[:min(len(clean), 60)], "-")
}
