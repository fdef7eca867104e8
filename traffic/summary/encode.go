package summary

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
)

// Version is that of the stored form, which changes with it, and with what is found in records.
const Version = 1

// MarshalBinary is the summary in a compact form for UnmarshalBinary.
func (s *Summary) MarshalBinary() ([]byte, error) {
	stored := s.state
	stored.Found, stored.MoreFound = s.report.List(), s.report.More
	b := bytes.NewBuffer([]byte{Version})
	if err := gob.NewEncoder(b).Encode(stored); err != nil {
		return nil, fmt.Errorf("storing a summary of traffic: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary reads what MarshalBinary has written, of the same version of this package; all else is an
// error.
func (s *Summary) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != Version {
		return errors.New("reading a summary of traffic: it is of another version")
	}
	fresh := New()
	if err := gob.NewDecoder(bytes.NewReader(b[1:])).Decode(&fresh.state); err != nil {
		return fmt.Errorf("reading a summary of traffic: %w", err)
	}
	for _, e := range fresh.Endpoints {
		for _, ids := range e.IDs {
			fresh.ids += len(ids)
		}
	}
	fresh.report.Merge(loaded(fresh.state))
	fresh.Found = nil
	*s = *fresh
	return nil
}

// GobEncode stores hashes in order, eight bytes each.
func (s idSet) GobEncode() ([]byte, error) {
	s = s.sorted()
	b := make([]byte, 0, 8*len(s))
	for _, h := range s {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	return b, nil
}

// GobDecode reads what GobEncode has written.
func (s *idSet) GobDecode(b []byte) error {
	if len(b)%8 != 0 {
		return errors.New("hashes are cut off")
	}
	*s = make(idSet, len(b)/8)
	for i := range *s {
		(*s)[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return nil
}
