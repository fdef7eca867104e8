package recording

import (
	"errors"
	"io"

	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// Rehearse tells which values a replay would carry from answers into later requests, and which it would leave.
func (r *Recording) Rehearse() (*correlate.Report, error) {
	report := r.left.Clone()
	source := r.All().Source()
	for {
		session, err := source.Next()
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err == nil {
			err = r.rehearse(session, report)
		}
		if err != nil {
			return nil, err
		}
	}
}

// rehearse plays one session against its own recording.
func (r *Recording) rehearse(session replay.Session, report *correlate.Report) error {
	follower := r.options.Correlator.NewRehearsal()
	for i := 0; ; i++ {
		var step replay.Step
		if err := session.Next(&step); errors.Is(err, io.EOF) {
			report.Add(follower)
			return nil
		} else if err != nil {
			return err
		}
		follower.Apply(step.Endpoint, step.Record.Request)
		if len(step.Links) == 0 {
			continue
		}
		links, err := correlate.ParseLinks(step.Links)
		if err != nil {
			return err
		}
		answer := step.Record.Response
		follower.Learn(correlate.Exchange{
			Index: i, Endpoint: step.Endpoint, Target: step.Record.Request.URL, Links: links,
			Recorded: answer, Actual: answer,
		})
	}
}
