package index

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/store"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// builder makes the index of one data file, in memory that depends on its endpoints, sessions and shapes. Where
// the sessions can only be found when all records have been seen it reads the file a second time.
type builder struct {
	options Options
	file    store.Object
	spill   *spill

	finder    *session.Finder
	scanner   *safety.Scanner
	summary   *summary.Summary
	numbers   map[string]int
	endpoints []string
	first     int64
	last      int64
}

func (b *builder) build(ctx context.Context) (*section, error) {
	var err error
	if b.finder, err = session.NewFinder(b.options.Session); err != nil {
		return nil, err
	}
	b.summary, b.scanner, b.numbers = summary.New(), safety.NewScanner(), map[string]int{}
	b.first, b.last = math.MaxInt64, math.MinInt64
	out := newSectionWriter(b.spill)
	counts, err := b.options.Formats.File(ctx, b.file.Location, func(r *traffic.Record, at formats.Place) error {
		b.summary.Add(r)
		if r.Direction == traffic.Inbound {
			b.finder.See(r)
		}
		e := b.entry(r, at)
		return out.add(&e)
	})
	if err != nil {
		return nil, err
	}
	distinct := len(out.encoder.sessions.numbers)
	if err := b.decide(ctx); err != nil {
		return nil, err
	}
	if b.finder.Reads() {
		if out, err = b.keyed(ctx, out); err != nil {
			return nil, err
		}
		distinct = len(out.encoder.sessions.numbers)
	}
	return b.section(counts, out, distinct)
}

// inbound visits the inbound records of the file once more.
func (b *builder) inbound(ctx context.Context, visit func(*traffic.Record) error) error {
	_, err := b.options.Formats.File(ctx, b.file.Location, func(r *traffic.Record, _ formats.Place) error {
		if r.Direction != traffic.Inbound {
			return nil
		}
		return visit(r)
	})
	return err
}

// decide picks what tells the sessions apart.
func (b *builder) decide(ctx context.Context) error {
	return b.finder.Decide(func(visit func(*traffic.Record) error) error { return b.inbound(ctx, visit) })
}

// errGrown ends a second reading that finds more than the first.
var errGrown = errors.New("grown")

// keyed writes the entries once more, with their sessions. Records are taken in the order of the file.
func (b *builder) keyed(ctx context.Context, before *sectionWriter) (*sectionWriter, error) {
	if err := before.flush(); err != nil {
		return nil, err
	}
	entries := newDecoder(b.spill.part(before.at, before.length))
	out := newSectionWriter(b.spill)
	err := b.inbound(ctx, func(r *traffic.Record) error {
		for {
			e, err := entries.next()
			if errors.Is(err, io.EOF) {
				return errGrown
			}
			if err != nil {
				return err
			}
			if e.Flags&Outbound == 0 {
				b.key(e, r)
				return out.add(e)
			}
			if err := out.add(e); err != nil {
				return err
			}
		}
	})
	if err != nil && !errors.Is(err, errGrown) {
		return nil, err
	}
	for {
		e, err := entries.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if err := out.add(e); err != nil {
			return nil, err
		}
	}
}

// key notes the session of a record.
func (b *builder) key(e *Entry, r *traffic.Record) {
	key := b.finder.Key(r)
	e.Session = uint64(key)
	if key != b.finder.Rest() {
		e.Flags |= Keyed
	}
	// Connections have names within one file only.
	if kind, _, _ := strings.Cut(b.finder.Name(key, r), ":"); r.Session == "" && kind == "connection" {
		e.Session = named(e.Session, b.file.Same)
	}
}

func (b *builder) entry(r *traffic.Record, at formats.Place) Entry {
	e := Entry{
		Number: at.Number, Offset: at.Offset, Size: at.Size, Time: nanoseconds(r.Time), Took: int64(r.Duration),
		Endpoint: b.number(r), Shape: Shape(r), ID: hashed(r.ID),
	}
	var telling bool
	if e.Content, telling = formats.Content(r); telling {
		e.Flags |= Telling
	}
	if r.Response != nil {
		e.Flags |= Answered
		e.Status = r.Response.Status
	}
	switch {
	case r.Direction != traffic.Inbound:
		e.Flags |= Outbound
		if r.Parent != "" {
			e.Parent = hashed(r.Parent)
		}
	case r.Session != "":
		e.Flags |= Keyed
		e.Session = uint64(session.Named(r.Session))
	default:
		e.Session = uint64(b.finder.Rest())
	}
	b.first, b.last = min(b.first, e.Time), max(b.last, e.Time)
	return e
}

// mostEndpoints bounds how many endpoints of a file are told apart.
const mostEndpoints = 1 << 16

// number finds the endpoint of a record in the table, where it stands without secrets and personal data. Those of
// outbound records begin with the service.
func (b *builder) number(r *traffic.Record) int {
	name := traffic.Endpoint(r.Request.Method, r.Request.URL)
	switch {
	case r.Request.Query != nil:
		name = cmp.Or(r.Service, r.Request.Host, "postgres") + " " + verb(r.Request.Query.SQL)
	case r.Direction != traffic.Inbound:
		name = cmp.Or(r.Service, r.Request.Host, "?") + " " + name
	}
	n, known := b.numbers[name]
	if !known {
		name = b.scanner.Conceal(name)
		n, known = b.numbers[name]
	}
	if known {
		return n
	}
	if len(b.endpoints) == mostEndpoints {
		name = "other endpoints"
		if n, known = b.numbers[name]; known {
			return n
		}
	}
	n = len(b.endpoints)
	b.numbers[name] = n
	b.endpoints = append(b.endpoints, name)
	return n
}

// verb is the word that a statement begins with.
func verb(sql string) string {
	sql = strings.TrimSpace(sql)
	end := strings.IndexFunc(sql, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
	if end >= 0 {
		sql = sql[:end]
	}
	return strings.ToUpper(sql[:min(len(sql), longestVerb)])
}

// longestVerb is no less than the length of any word that statements begin with, in bytes.
const longestVerb = 16

func (b *builder) section(counts formats.Counts, out *sectionWriter, sessions int) (*section, error) {
	if err := out.flush(); err != nil {
		return nil, err
	}
	sum, err := b.summary.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("summing up %s: %w", b.file.Location, err)
	}
	_, name := store.Split(b.file.Location)
	summed := b.spill.size
	if _, err := b.spill.Write(sum); err != nil {
		return nil, fmt.Errorf("writing the index: %w", err)
	}
	check, err := b.check(sum, out)
	if err != nil {
		return nil, err
	}
	s := &section{summed: summed, at: out.at, header: header{
		Name: name, Size: b.file.Size, Version: b.file.Version, Rules: b.options.rules(), Counts: counts,
		Endpoints: b.endpoints, First: b.first, Last: b.last, Summary: int64(len(sum)),
		ByPlace: out.encoder.last.Size > 0, Entries: out.entries, Bytes: out.length, Sum: check,
	}}
	if counts.Inbound > 0 {
		s.Sessions = b.finder.Sentence(sessions)
	}
	for _, problem := range counts.Problems {
		s.Problems = append(s.Problems, problem.Error())
	}
	s.Counts.Problems = nil
	return s, nil
}

// check is the CRC-32C of a summary and the entries.
func (b *builder) check(summary []byte, out *sectionWriter) (uint32, error) {
	check := crc32.New(castagnoli())
	check.Write(summary)
	if _, err := io.Copy(check, b.spill.part(out.at, out.length)); err != nil {
		return 0, fmt.Errorf("reading the index: %w", err)
	}
	return check.Sum32(), nil
}

// sectionWriter writes entries to the end of a spill.
type sectionWriter struct {
	encoder encoder
	out     *bufio.Writer
	entries int
	// at and length are where the entries stand.
	at, length int64
}

func newSectionWriter(to *spill) *sectionWriter {
	return &sectionWriter{out: bufio.NewWriterSize(to, 256<<10), at: to.size}
}

func (w *sectionWriter) add(e *Entry) error {
	n, err := w.out.Write(w.encoder.encode(e))
	w.length += int64(n)
	w.entries++
	return err
}

func (w *sectionWriter) flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}

// nanoseconds is a time since 1970; what is centuries away counts as far away.
func nanoseconds(t time.Time) int64 {
	switch year := t.Year(); {
	case year < 1680:
		return math.MinInt64
	case year > 2260:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// hashed is never 0.
func hashed(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}
