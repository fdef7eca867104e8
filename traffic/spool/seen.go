package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
)

// Seen remembers numbers, each with a second one. Of many it keeps a filter in memory, two to four
// bytes for each, and the rest on disk. The numbers are to be spread evenly, as hashes are.
type Seen struct {
	recent map[uint64]uint64
	file   *file
	runs   []run
	filter filter
}

// run is a sorted piece of the file.
type run struct{ first, count uint64 }

const (
	recentMax = 1 << 16
	pairSize  = 16
)

// Add remembers number with value, unless it knows the number: then it returns the value known.
func (s *Seen) Add(number, value uint64) (known uint64, ok bool, err error) {
	if known, ok = s.recent[number]; ok {
		return known, true, nil
	}
	if s.filter.has(number) {
		for _, r := range s.runs {
			if known, ok, err = s.look(r, number); ok || err != nil {
				return known, ok, err
			}
		}
	}
	if s.recent == nil {
		s.recent = make(map[uint64]uint64)
	}
	s.recent[number] = value
	if len(s.recent) == recentMax {
		err = s.spill()
	}
	return 0, false, err
}

// Close frees the disk space. It may be called again.
func (s *Seen) Close() error { return s.file.Close() }

// spill moves what is in memory to disk.
func (s *Seen) spill() (err error) {
	if s.file == nil {
		if s.file, err = create(); err != nil {
			return err
		}
	}
	numbers := make([]uint64, 0, len(s.recent))
	for number := range s.recent {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	first := s.file.size / pairSize
	var pair [pairSize]byte
	for _, number := range numbers {
		binary.BigEndian.PutUint64(pair[:8], number)
		binary.BigEndian.PutUint64(pair[8:], s.recent[number])
		if _, err := s.file.append(pair[:]); err != nil {
			return err
		}
	}
	if err := s.file.flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, run{first, uint64(len(numbers))})
	clear(s.recent)
	return s.index(numbers)
}

// index brings the filter up to date, and makes it larger where it has become too full.
func (s *Seen) index(numbers []uint64) error {
	if total := s.file.size / pairSize; total > s.filter.capacity() {
		s.filter = newFilter(total)
		buf := make([]byte, bufferSize)
		for at := uint64(0); at < s.file.size; at += uint64(len(buf)) {
			buf = buf[:min(uint64(len(buf)), s.file.size-at)]
			if err := s.file.read(buf, at); err != nil {
				return err
			}
			for pair := range slices.Chunk(buf, pairSize) {
				s.filter.add(binary.BigEndian.Uint64(pair))
			}
		}
		return nil
	}
	for _, number := range numbers {
		s.filter.add(number)
	}
	return nil
}

// look searches a run near the place where an even spread puts the number.
func (s *Seen) look(r run, number uint64) (value uint64, ok bool, err error) {
	const page = 512 // pairs
	low, high := uint64(0), r.count
	guess := uint64(float64(number) / (1 << 64) * float64(r.count))
	var buf [page * pairSize]byte
	var wanted [8]byte
	binary.BigEndian.PutUint64(wanted[:], number)
	for low < high {
		from := max(low, min(guess, high-1)-min(guess, page/2))
		pairs := buf[:min(page, high-from)*pairSize]
		if err := s.file.read(pairs, (r.first+from)*pairSize); err != nil {
			return 0, false, fmt.Errorf("looking for a duplicate: %w", err)
		}
		n := len(pairs) / pairSize
		switch {
		case bytes.Compare(wanted[:], pairs[:8]) < 0:
			high, guess = from, from-min(from, page/2)
		case bytes.Compare(wanted[:], pairs[len(pairs)-pairSize:len(pairs)-8]) > 0:
			low, guess = from+uint64(n), from+uint64(n)+page/2
		default:
			value, ok = search(pairs, wanted[:])
			return value, ok, nil
		}
	}
	return 0, false, nil
}

// search finds a number among sorted pairs.
func search(pairs, wanted []byte) (value uint64, ok bool) {
	n := len(pairs) / pairSize
	i := sort.Search(n, func(i int) bool { return bytes.Compare(pairs[i*pairSize:i*pairSize+8], wanted) >= 0 })
	if i == n || !bytes.Equal(pairs[i*pairSize:i*pairSize+8], wanted) {
		return 0, false
	}
	return binary.BigEndian.Uint64(pairs[i*pairSize+8:]), true
}

// filter tells most numbers that are not there from those that may be: three bits of one block of 512
// (a Bloom filter).
type filter []uint64

// perNumber is how many bits a full filter has for each number.
const perNumber = 16

// newFilter has room for twice the count.
func newFilter(count uint64) filter {
	const least = 1 << 19 // words: 4 MiB, for two million
	words := uint64(least)
	for words*64/perNumber < 2*count {
		words *= 2
	}
	return make(filter, words)
}

func (f filter) capacity() uint64 { return uint64(len(f)) * 64 / perNumber }

func (f filter) add(number uint64) {
	for _, bit := range f.bits(number) {
		f[bit/64] |= 1 << (bit % 64)
	}
}

func (f filter) has(number uint64) bool {
	if len(f) == 0 {
		return false
	}
	for _, bit := range f.bits(number) {
		if f[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

func (f filter) bits(number uint64) [3]uint64 {
	block := (number >> 27) % (uint64(len(f)) / 8) * 512
	return [3]uint64{block + number%512, block + number>>9%512, block + number>>18%512}
}
