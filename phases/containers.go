package phases

import (
	"context"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/process"
)

// fleet runs what the pipeline starts. A container engine is asked for when the first container is
// needed, and not before.
func (s Source) fleet(p *engine.Pipeline, known *gates.Baseline) *fleet.Fleet {
	return &fleet.Fleet{
		Processes: process.Driver{}, Known: known.KnownLogErrors(), Conceal: p.Document.Conceal,
		Open: func(ctx context.Context, runID string) (services.Site, error) {
			site, err := docker.Open(ctx, docker.Options{RunID: runID, Build: process.Build, Reap: s.Reap})
			if err != nil { // not a nil *docker.Site in an interface
				return nil, err
			}
			return site, nil
		},
	}
}
