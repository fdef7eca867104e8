package recording

import (
	"errors"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// Position is the place of a record in its session.
type Position struct {
	ID    string
	Index int
	// Upto is the record's session up to the record.
	Upto Part
}

// errFound ends a search.
var errFound = errors.New("found")

// Find looks for a record in what is selected.
func (r *Recording) Find(id string) (at Position, found bool, err error) {
	reader := r.order.Reader()
	defer reader.Release()
	wanted := hash(id)
	number, index, start := -1, 0, uint64(0)
	err = r.plays.Each(func(e *spool.Entry) error {
		if index++; number < 0 || e.Start != start {
			number, index, start = number+1, 0, e.Start
		}
		if e.ID != wanted {
			return nil
		}
		record, err := reader.Record(e.Record)
		if err == nil && record.ID == id {
			err = errFound
		}
		return err
	})
	if !errors.Is(err, errFound) {
		return Position{}, false, err
	}
	upto := Part{recording: r, first: number, end: number + 1, most: index + 1}
	return Position{ID: id, Index: index, Upto: upto}, true, nil
}

// Each visits the records that are selected, session by session, with their endpoints.
func (r *Recording) Each(visit func(endpoint string, record *traffic.Record) error) error {
	reader := r.order.Reader()
	defer reader.Release()
	return r.plays.Each(func(e *spool.Entry) error {
		record, err := reader.Record(e.Record)
		if err != nil {
			return err
		}
		return visit(r.endpoints[e.Endpoint].name, record)
	})
}

// Answers visits recorded answers with their endpoints, session by session, the first of each endpoint up
// to a number. It ends early where visit returns false.
func (r *Recording) Answers(most int, visit func(endpoint string, answer *traffic.Response) bool) error {
	reader := r.order.Reader()
	defer reader.Release()
	visited := make([]int, len(r.endpoints))
	err := r.plays.Each(func(e *spool.Entry) error {
		if visited[e.Endpoint] == most {
			return nil
		}
		record, err := reader.Record(e.Record)
		if err != nil || record.Response == nil {
			return err
		}
		visited[e.Endpoint]++
		if !visit(r.endpoints[e.Endpoint].name, record.Response) {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}
