// Package index keeps what captures hold in small files beside them, so that what they hold is known, and some of
// their records are found, without reading them.
package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/store"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// Options say how captures are read. An index that was made with others is not used.
type Options struct {
	Formats formats.Options
	Session session.Config
}

// rules are the options as text, and the form of the summaries: those of another one cannot be read.
func (o Options) rules() string {
	text, err := json.Marshal(struct {
		Options

		Summary int
	}{o, summary.Version})
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return string(text)
}

// Set is the index of some files, in a temporary file. It is for one goroutine.
type Set struct {
	options Options
	spill   *spill
	files   []*File
	folders map[string]*folder
	// requests counts those of each session, once it was asked for.
	requests map[uint64]int
	// Damaged are index files that are not as they were written; they are not used.
	Damaged []error
}

// File is one data file of a set.
type File struct {
	// Object is the file as it is now.
	store.Object
	*section

	// Built tells that there was no index of the file as it is.
	Built bool
}

// Placed tells that records of the file can be read one by one.
func (s *section) Placed() bool { return s.ByPlace }

// folder is one index file.
type folder struct {
	sections []*section
	// there tells that the file exists, stale that it is not what it should be.
	there, stale bool
}

// Load reads the index of the files at locations, and makes what is missing of it by reading the files.
func Load(ctx context.Context, locations []string, o Options) (*Set, error) {
	return load(ctx, locations, o, true)
}

// Open is Load without making anything. It returns nil where that would be needed, and also where the files
// together hold something else than one by one: copies of each other's records, or sessions that are told
// apart in different ways. Then the files have to be read.
func Open(ctx context.Context, locations []string, o Options) (*Set, error) {
	s, err := load(ctx, locations, o, false)
	if s == nil || err != nil {
		return nil, err
	}
	alone, err := s.alone()
	if err != nil || !alone {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func load(ctx context.Context, locations []string, o Options, build bool) (_ *Set, err error) {
	files, err := formats.List(ctx, locations)
	if err != nil {
		return nil, err
	}
	o.Formats.Stores = new(store.Stores)
	s := &Set{options: o, folders: map[string]*folder{}}
	if s.spill, err = newSpill(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, file := range files {
		missing, err := s.add(ctx, file, build)
		if err != nil {
			return nil, err
		}
		if missing {
			return nil, s.Close()
		}
	}
	return s, nil
}

// add takes in a file; missing tells that there is no index of it, and that none was to be made.
func (s *Set) add(ctx context.Context, file store.Object, build bool) (missing bool, err error) {
	at, name := store.Split(file.Location)
	f, err := s.folder(ctx, at)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(f.sections, func(x *section) bool { return x.Name == name })
	if i >= 0 && f.sections[i].fits(file, s.options.rules()) {
		s.files = append(s.files, &File{Object: file, section: f.sections[i]})
		return false, nil
	}
	if !build {
		return true, nil
	}
	b := builder{options: s.options, file: file, spill: s.spill}
	made, err := b.build(ctx)
	if err != nil {
		return false, err
	}
	f.stale = true
	if i >= 0 {
		f.sections[i] = made
	} else {
		f.sections = append(f.sections, made)
	}
	s.files = append(s.files, &File{Object: file, section: made, Built: true})
	return false, nil
}

// fits tells whether a section is that of a file as it is.
func (s *section) fits(file store.Object, rules string) bool {
	return s.Size == file.Size && s.Version == file.Version && s.Rules == rules
}

// folder reads the index file of a folder.
func (s *Set) folder(ctx context.Context, at string) (*folder, error) {
	if f := s.folders[at]; f != nil {
		return f, nil
	}
	where, err := s.options.Formats.Stores.At(at)
	if err != nil {
		return nil, err
	}
	list, err := readSections(ctx, where, at, s.spill)
	f := &folder{sections: list, there: list != nil}
	if errors.Is(err, errDamaged) {
		s.Damaged = append(s.Damaged, err)
		f.there, f.stale, err = true, true, nil
	}
	s.folders[at] = f
	return f, err
}

// Save writes the index files that are not up to date: all of them, or only those that exist.
func (s *Set) Save(ctx context.Context, all bool) error {
	var errs []error
	for at, f := range s.folders {
		if f.stale && (all || f.there) {
			if err := writeSections(ctx, at, f.sections, s.spill); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Files are the data files, in the order in which they were named.
func (s *Set) Files() []*File { return s.files }

// Each visits the entries of all files, in the order of the files, which are valid until the next one.
func (s *Set) Each(visit func(*Entry) error) error {
	for i := range s.files {
		if err := s.eachOf(i, visit); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) eachOf(number int, visit func(*Entry) error) error {
	file := s.files[number]
	in := newDecoder(s.spill.part(file.at, file.Bytes))
	for {
		e, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Location, err)
		}
		e.File = number
		if err := visit(e); err != nil {
			return err
		}
	}
}

// Close frees the disk space. It may be called again, and of no set.
func (s *Set) Close() error {
	if s == nil || s.spill == nil {
		return nil
	}
	err := s.spill.Close()
	s.spill = nil
	return err
}
