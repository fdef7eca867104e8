package index

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/spool"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// Counts is what was found in the files, their problems as texts.
func (s *Set) Counts() formats.Counts {
	var all formats.Counts
	for _, file := range s.files {
		c := file.Counts
		for _, text := range file.Problems {
			c.Problems = append(c.Problems, errors.New(text))
		}
		all.Merge(c)
	}
	return all
}

// Summary sums up the records of all files.
func (s *Set) Summary() (*summary.Summary, error) {
	all := summary.New()
	for _, file := range s.files {
		one := summary.New()
		text := make([]byte, file.Summary)
		_, err := io.ReadFull(s.spill.part(file.summed, file.Summary), text)
		if err == nil {
			err = one.UnmarshalBinary(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Location, err)
		}
		all.Merge(one)
	}
	return all, nil
}

// Sessions says how many sessions there are and how they were found, as a [session.Finder] says it.
func (s *Set) Sessions() (string, error) {
	distinct, _, err := s.survey()
	if err != nil || distinct == 0 {
		return "", err
	}
	left := 0
	how := ""
	for _, file := range s.files {
		if file.Sessions != "" {
			var n int
			how, n = file.found()
			left += n
		}
	}
	text := fmt.Sprintf("sessions: %d, %s", distinct, how)
	if left > 0 {
		text += fmt.Sprintf("; %d requests without it are one session", left)
	}
	return text, nil
}

// survey counts the sessions, and the requests of the longest.
func (s *Set) survey() (distinct, longest int, err error) {
	if s.requests == nil {
		requests := map[uint64]int{}
		err := s.Each(func(e *Entry) error {
			if e.Flags&Outbound == 0 {
				requests[e.Session]++
			}
			return nil
		})
		if err != nil {
			return 0, 0, err
		}
		s.requests = requests
	}
	for _, n := range s.requests {
		longest = max(longest, n)
	}
	return len(s.requests), longest, nil
}

// found takes a sentence about sessions apart: how they were found, and how many requests have none.
func (s *section) found() (how string, left int) {
	_, how, _ = strings.Cut(s.Sessions, ", ")
	how, rest, _ := strings.Cut(how, "; ")
	_, _ = fmt.Sscanf(rest, "%d", &left) // without a number there is none
	return how, left
}

// Longest is the number of requests in the longest session.
func (s *Set) Longest() (int, error) {
	_, longest, err := s.survey()
	return longest, err
}

// mark is an inbound record of a session, which has a number.
type mark struct {
	session  uint32
	at, took int64
}

// Marks visits the inbound records session by session, in the order of their start and of time, as
// [replay.Pacing] takes them. It needs some fifty bytes of memory for each of them.
func (s *Set) Marks(visit func(replay.Mark)) error {
	var marks []mark
	numbers := map[uint64]uint32{}
	var starts []int64
	var sizes []int
	err := s.Each(func(e *Entry) error {
		if e.Flags&Outbound != 0 {
			return nil
		}
		n, known := numbers[e.Session]
		if !known {
			n = uint32(len(starts))
			numbers[e.Session] = n
			starts, sizes = append(starts, e.Time), append(sizes, 0)
		}
		starts[n] = min(starts[n], e.Time)
		sizes[n]++
		marks = append(marks, mark{n, e.Time, e.Took})
		return nil
	})
	if err != nil {
		return err
	}
	for _, list := range grouped(marks, starts, sizes) {
		for i, m := range list {
			visit(replay.Mark{First: i == 0, At: time.Unix(0, m.at), Took: time.Duration(m.took)})
		}
	}
	return nil
}

// grouped puts marks together by their sessions, in the order of their starts.
func grouped(marks []mark, starts []int64, sizes []int) [][]mark {
	order := make([]int, len(starts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(starts[a], starts[b]) })
	room := make([]mark, len(marks))
	lists := make([][]mark, len(starts))
	for _, n := range order {
		lists[n], room = room[:0:sizes[n]], room[sizes[n]:]
	}
	for _, m := range marks {
		lists[m.session] = append(lists[m.session], m)
	}
	out := make([][]mark, len(order))
	inTime := func(a, b mark) int { return cmp.Compare(a.at, b.at) }
	for i, n := range order {
		if out[i] = lists[n]; !slices.IsSortedFunc(out[i], inTime) {
			slices.SortStableFunc(out[i], inTime)
		}
	}
	return out
}

// alone tells whether the files hold together what they hold one by one: they tell sessions apart in the same way,
// have no ids in common and no copies of each other's records.
func (s *Set) alone() (bool, error) {
	how := ""
	for _, file := range s.files {
		if file.Sessions == "" {
			continue
		}
		found, _ := file.found()
		if how != "" && how != found {
			return false, nil
		}
		how = found
	}
	if len(s.files) == 1 {
		return true, nil
	}
	if apart, err := s.apart(); !apart || err != nil {
		return false, err
	}
	if !slices.Contains(s.shared(), true) {
		return true, nil
	}
	err := s.Originals(func(_ *Entry, original bool) error {
		if !original {
			return errCommon
		}
		return nil
	})
	return err == nil, ignoring(err, errCommon)
}

// errCommon ends a search when something is found.
var errCommon = errors.New("files have something in common")

// apart tells whether no file has ids of another one.
func (s *Set) apart() (_ bool, err error) {
	var ids spool.Seen
	defer func() { err = errors.Join(err, ids.Close()) }()
	err = s.Each(func(e *Entry) error {
		file, known, err := ids.Add(e.ID, uint64(e.File))
		if err == nil && known && file != uint64(e.File) {
			return errCommon
		}
		return err
	})
	return err == nil, ignoring(err, errCommon)
}

// ignoring is an error, unless it is of a kind.
func ignoring(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// Originals visits all entries and tells which are not copies of others in another file. Files that share no
// time with others are not looked into for that.
func (s *Set) Originals(visit func(e *Entry, original bool) error) (err error) {
	shared := s.shared()
	var repeats formats.Repeats
	var ids spool.Seen
	defer func() { err = errors.Join(err, repeats.Close(), ids.Close()) }()
	for i := range s.files {
		repeats.File()
		err := s.eachOf(i, func(e *Entry) error {
			if !shared[i] {
				return visit(e, true)
			}
			const odd = 0x9e3779b97f4a7c15 // an id that is its content's hash is no other id
			first, known, err := ids.Add(e.ID^e.Content*odd, uint64(i))
			copied := known && first != uint64(i)
			if e.Flags&Telling != 0 && err == nil {
				var again bool
				again, err = repeats.Copied(e.Content)
				copied = copied || again
			}
			if err != nil {
				return err
			}
			return visit(e, !copied)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shared tells which files have records of a time at which another one has some.
func (s *Set) shared() []bool {
	order := make([]int, 0, len(s.files))
	for i, file := range s.files {
		if file.Entries > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(s.files[a].First, s.files[b].First) })
	shared := make([]bool, len(s.files))
	last := -1 // the file that ends last so far
	for _, i := range order {
		if last >= 0 && s.files[i].First <= s.files[last].Last {
			shared[i], shared[last] = true, true
		}
		if last < 0 || s.files[i].Last > s.files[last].Last {
			last = i
		}
	}
	return shared
}
