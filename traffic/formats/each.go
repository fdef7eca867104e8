package formats

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/spool"
	"github.com/headgate-dev/headgate/traffic/store"
)

// Counts tells what was found in captures, used or not.
type Counts struct {
	// Files is the number of files, Empty of those without any content.
	Files, Empty int
	// Records were handed on: Inbound and Outbound ones, NoResponse of them without a response.
	Records, Inbound, Outbound, NoResponse int
	// Malformed records could not be used.
	Malformed int
	// Truncated files end in the middle; their last record is lost.
	Truncated int
	// Duplicates are records that came up again, with the same id, time, direction, request and answer, or with the
	// same [Content] in another file; they were dropped. SharedIDs have the id of another record but are not
	// the same; they were handed on.
	Duplicates, SharedIDs int
	// OutOfOrder records are older than the one before them in their file.
	OutOfOrder int
	// Assumed records are inbound only because neither their capture nor the options tell the direction;
	// AssumedHosts are the first ten of their hosts. With several it is likely that some of them are outbound.
	Assumed      int
	AssumedHosts []string
	// LeftOut counts by kind what is whole and yet no exchange ([traffic.LeftOutError]); nil where
	// nothing was left out.
	LeftOut map[string]int
	// Problems are the first ten of Malformed and Truncated, with file and line.
	Problems []error
}

// maxProblems bounds Counts.Problems.
const maxProblems = 10

// Unusable sums up in one line what could not be used; it is empty where all could.
func (c Counts) Unusable() string {
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(c.Malformed, "malformed")
	add(c.Truncated, "truncated files")
	add(c.Duplicates, "duplicates")
	add(c.SharedIDs, "with an id that is not unique")
	add(c.OutOfOrder, "out of order")
	return strings.Join(parts, ", ")
}

// LeaveOut counts n more of what is left out, if there are any.
func (c *Counts) LeaveOut(kind string, n int) {
	if n == 0 {
		return
	}
	if c.LeftOut == nil {
		c.LeftOut = make(map[string]int)
	}
	c.LeftOut[kind] += n
}

// Left sums up in one line what was left out, the most frequent kind first; it is empty where nothing
// was.
func (c Counts) Left() string {
	kinds := slices.SortedFunc(maps.Keys(c.LeftOut), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.LeftOut[b], c.LeftOut[a]), cmp.Compare(a, b))
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", c.LeftOut[kind], kind)
	}
	return strings.Join(kinds, ", ")
}

// Each reads all captures at paths (see [Walk]) one after another and hands their records to use, in
// the order of the files. It stops at an error of use or of reading, and when ctx ends; a malformed
// record, a truncated file and what is left out are counted and reading goes on. Captures without a
// single record are an error.
func Each(ctx context.Context, paths []string, use func(*traffic.Record) error) (Counts, error) {
	return Options{}.Each(ctx, paths, use)
}

// Each is like the function of the same name, with what the options say.
func (o Options) Each(
	ctx context.Context, paths []string, use func(*traffic.Record) error,
) (counts Counts, err error) {
	files, err := Walk(ctx, paths)
	if err != nil {
		return Counts{}, err
	}
	if o.Stores == nil {
		o.Stores = new(store.Stores)
	}
	e := each{options: o, use: use, hash: maphash.MakeSeed()}
	if len(files) > 1 {
		e.repeats = new(Repeats)
		defer func() { err = errors.Join(err, e.repeats.Close()) }()
	}
	defer func() { err = errors.Join(err, e.seen.Close()) }()
	for _, file := range files {
		if err := e.file(ctx, file); err != nil {
			return e.counts, err
		}
	}
	if e.counts.Records == 0 {
		return e.counts, e.nothing(paths)
	}
	return e.counts, nil
}

type each struct {
	options Options
	use     func(*traffic.Record) error
	at      Place
	counts  Counts
	// seen leads from a record's hashed id to the hash of what makes it the same record.
	seen spool.Seen
	hash maphash.Seed
	// repeats is nil where there is one file only.
	repeats *Repeats
	last    time.Time
}

func (e *each) file(ctx context.Context, path string) error {
	source, err := e.options.source(ctx, path)
	if errors.Is(err, traffic.ErrTruncated) {
		e.counts.Files++
		e.truncated(err)
		return nil
	}
	if err != nil {
		return err
	}
	defer source.Close()
	if l, ok := source.Reader.(*labelled); ok {
		defer func() {
			e.counts.Assumed += l.assumed
			e.counts.AssumedHosts = withHosts(e.counts.AssumedHosts, l.hosts...)
		}()
	}
	e.counts.Files++
	if source.Reader == (empty{}) {
		e.counts.Empty++
	}
	e.last = time.Time{}
	if e.repeats != nil {
		e.repeats.File()
	}
	for ctx.Err() == nil {
		record, err := source.Read()
		e.at = source.next(e.at, err)
		if done, err := e.record(record, err); done || err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// record takes what a Read returned; done is true after the last one.
func (e *each) record(r *traffic.Record, err error) (done bool, _ error) {
	_, malformed := errors.AsType[*traffic.MalformedError](err)
	left, passed := errors.AsType[*traffic.LeftOutError](err)
	switch {
	case err == nil:
		return false, e.hand(r)
	case passed:
		e.counts.LeaveOut(left.Kind, 1)
		return false, nil
	case errors.Is(err, io.EOF) && !malformed: // of a malformed record it is the end of a part
		return true, nil
	case errors.Is(err, traffic.ErrTruncated):
		e.truncated(err)
		return !malformed, nil
	case malformed:
		e.counts.Malformed++
		e.problem(err)
		return false, nil
	}
	return true, fmt.Errorf("reading traffic: %w", err)
}

func (e *each) truncated(err error) {
	e.counts.Truncated++
	e.problem(err)
}

func (e *each) problem(err error) {
	if len(e.counts.Problems) < maxProblems {
		e.counts.Problems = append(e.counts.Problems, err)
	}
}

// hand counts a record and hands it on, unless it was there before.
func (e *each) hand(r *traffic.Record) error {
	id, same := e.identity(r)
	before, known, err := e.seen.Add(id, same)
	shared := known && before != same
	if err == nil && shared {
		_, known, err = e.seen.Add(same, same)
	}
	copied := false
	if e.repeats != nil && err == nil {
		if content, ok := Content(r); ok {
			copied, err = e.repeats.Copied(content)
		}
	}
	switch {
	case err != nil:
		return err
	case known || copied:
		e.counts.Duplicates++
		return nil
	case shared:
		e.counts.SharedIDs++
	}
	e.count(r)
	return e.use(r)
}

func (e *each) count(r *traffic.Record) {
	e.counts.Records++
	if r.Direction == traffic.Inbound {
		e.counts.Inbound++
	} else {
		e.counts.Outbound++
	}
	if r.Response == nil {
		e.counts.NoResponse++
	}
	if r.Time.Before(e.last) {
		e.counts.OutOfOrder++
	}
	e.last = r.Time
}

// identity hashes the id of a record, and all that makes it the same record.
func (e *each) identity(r *traffic.Record) (id, same uint64) {
	var h maphash.Hash
	h.SetSeed(e.hash)
	_, _ = h.WriteString(r.ID) // a hash takes everything
	id = h.Sum64()
	fields := []string{string(r.Direction)}
	if r.Request != nil {
		fields = append(fields, r.Request.Method, r.Request.URL)
		if r.Request.Query != nil {
			fields = append(fields, r.Request.Query.Key())
		}
	}
	number := binary.LittleEndian.AppendUint64(nil, uint64(r.Time.UnixNano()))
	if r.Response != nil {
		number = binary.LittleEndian.AppendUint64(number, uint64(r.Response.Status))
		fields = append(fields, string(r.Response.Body))
	}
	for _, field := range fields {
		number = binary.LittleEndian.AppendUint64(number, uint64(len(field)))
		_, _ = h.WriteString(field)
	}
	_, _ = h.Write(number)
	if r.Request != nil {
		_, _ = h.Write(r.Request.Body)
	}
	return id, h.Sum64()
}

// nothing is the error for captures without a record; the first problem is the likely cause.
func (e *each) nothing(paths []string) error {
	err := fmt.Errorf("no usable records in %s: expected captured requests", strings.Join(paths, ", "))
	if left := e.counts.Left(); left != "" {
		err = fmt.Errorf("%w; left out: %s", err, left)
	}
	if len(e.counts.Problems) > 0 {
		return fmt.Errorf("%w; first of %d problems: %w", err, e.counts.Malformed+e.counts.Truncated,
			e.counts.Problems[0])
	}
	return err
}
