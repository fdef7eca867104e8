package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Health tells how complete a recording is. All but Inbound, Outbound, Unsampled and the times count what is
// missing from it.
type Health struct {
	// Inbound and Outbound count the records that were handed on.
	Inbound  int64 `json:"inbound"`
	Outbound int64 `json:"outbound"`
	// Unsampled counts the exchanges that were passed through and not recorded, as the sampler said so.
	Unsampled int64 `json:"unsampled,omitempty"`
	// Dropped counts the records that the sink did not take.
	Dropped int64 `json:"dropped,omitempty"`
	// Truncated counts the bodies that are missing from records: longer than the limit, not sent to
	// their end, or not to be read for redaction. Such a message has the header X-Headgate-Truncated.
	Truncated int64 `json:"truncated,omitempty"`
	// Upgraded counts the connections that became something else, such as a WebSocket, and were passed
	// through unrecorded.
	Upgraded int64 `json:"upgraded,omitempty"`
	// Failed counts the exchanges that did not come to their end: the upstream refused or broke off,
	// or the client went away. They are not recorded.
	Failed int64 `json:"failed,omitempty"`
	// LastFailure is why the newest of Failed failed.
	LastFailure string `json:"last_failure,omitempty"`
	// Ambiguous counts the outbound records whose cause could be one of several inbound requests.
	Ambiguous int64 `json:"ambiguous,omitempty"`
	// Unprompted counts the outbound records that were sent while no inbound request was being answered.
	Unprompted int64 `json:"unprompted,omitempty"`
	// Tunnels are the connections that were passed through unrecorded, by host and reason.
	Tunnels map[string]map[string]int64 `json:"tunnels,omitempty"`
	// LeftOut counts what else was no record, by kind, in words that read well behind the number.
	LeftOut map[string]int64 `json:"left_out,omitempty"`
	// First and Last are the times of the first and the last record; zero where there is none.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// maxHosts is how many hosts Tunnels tells apart.
const maxHosts = 1000

// otherHosts stands for the hosts beyond.
const otherHosts = "(others)"

// maxReasons is how many reasons Tunnels tells apart for a host; otherReasons stands for those beyond, which may
// hold texts of others.
const (
	maxReasons   = 16
	otherReasons = "(other reasons)"
)

func (h Health) clone() Health {
	h.LeftOut = maps.Clone(h.LeftOut)
	if h.Tunnels == nil {
		return h
	}
	tunnels := make(map[string]map[string]int64, len(h.Tunnels))
	for host, reasons := range h.Tunnels {
		tunnels[host] = maps.Clone(reasons)
	}
	h.Tunnels = tunnels
	return h
}

// tunnelled counts a connection to a host that is not recorded.
func (t *Tracker) tunnelled(host, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := &t.health
	if h.Tunnels == nil {
		h.Tunnels = map[string]map[string]int64{}
	}
	if h.Tunnels[host] == nil {
		if len(h.Tunnels) >= maxHosts {
			host = otherHosts
		}
		if h.Tunnels[host] == nil {
			h.Tunnels[host] = map[string]int64{}
		}
	}
	reasons := h.Tunnels[host]
	if reasons[reason] == 0 && len(reasons) >= maxReasons {
		reason = otherReasons
	}
	reasons[reason]++
}

// Losses says in a line each what is missing from the recording, with its number; nothing where all of it is
// there.
func (h Health) Losses() (lines []string) {
	for _, loss := range []struct {
		n    int64
		what string
	}{
		{h.Dropped, "records were dropped: the disk could not keep up"},
		{h.Truncated, "bodies are missing: too large, not sent to their end, or not readable for redaction"},
		{h.Upgraded, "connections were upgraded and not recorded"},
		{h.Failed, "requests had no answer and were not recorded; the last: " + h.LastFailure},
		{h.Ambiguous, "outbound calls could not be tied to one inbound request"},
	} {
		if loss.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", loss.n, loss.what))
		}
	}
	for _, host := range slices.Sorted(maps.Keys(h.Tunnels)) {
		for _, reason := range slices.Sorted(maps.Keys(h.Tunnels[host])) {
			lines = append(lines, fmt.Sprintf("%d connections to %s were passed through unrecorded: %s",
				h.Tunnels[host][reason], host, reason))
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(h.LeftOut)) {
		lines = append(lines, fmt.Sprintf("%d %s", h.LeftOut[kind], kind))
	}
	return lines
}

// ReportFile is the name of the file in a capture's folder that tells how complete it is.
const ReportFile = "health.json"

// Report is the health record of a recording: a file beside the captures.
type Report struct {
	Health

	// Version is that of the program that has recorded.
	Version string `json:"version"`
	// Complete is false while it is being recorded, or where the recorder was killed or could not write: then
	// the counts are those of Written.
	Complete bool      `json:"complete"`
	Written  time.Time `json:"written"`
	// Settings are how it was recorded.
	Settings Settings `json:"settings"`
}

// Settings are what a recording was told, apart from addresses.
type Settings struct {
	// Share is the share of exchanges that were sampled, from 0 to 1.
	Share float64 `json:"share"`
	// MaxBody is the longest body that was kept, in bytes.
	MaxBody int64 `json:"max_body"`
	// Redact are the rules of redaction, as they were given.
	Redact []string `json:"redact,omitempty"`
}

// Losses adds to those of the health that the recording was not brought to its end.
func (r Report) Losses() []string {
	lines := r.Health.Losses()
	if !r.Complete {
		lines = append(lines, "the recording goes on, or its end is missing: the last count is of "+
			r.Written.UTC().Format(time.RFC3339))
	}
	return lines
}

// Write puts the report in a file, whole or not at all.
func (r Report) Write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the health record: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+ReportFile+"-*")
	if err != nil {
		return fmt.Errorf("writing the health record: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the health record: %w", err)
	}
	return nil
}

// maxReport bounds a health record, in bytes.
const maxReport = 4 << 20

// ReadReport reads the health record of a capture. The error wraps [os.ErrNotExist] where there is none.
func ReadReport(path string) (r Report, err error) {
	f, err := os.Open(path)
	if err != nil {
		return r, fmt.Errorf("reading the health record: %w", err)
	}
	defer f.Close()
	if r, err = ParseReport(f); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// ParseReport is ReadReport of what is open already. Other JSON than a health record is an error.
func ParseReport(in io.Reader) (r Report, err error) {
	b, err := io.ReadAll(io.LimitReader(in, maxReport+1))
	switch {
	case err != nil:
		return r, fmt.Errorf("reading the health record: %w", err)
	case len(b) > maxReport:
		return r, fmt.Errorf("reading the health record: it is longer than %d bytes", maxReport)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("reading the health record: %w", err)
	}
	if r.Written.IsZero() {
		return r, errors.New("reading the health record: it does not say when it was written")
	}
	return r, nil
}
