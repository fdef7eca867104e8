package verify

import (
	"errors"
	"io/fs"
	"os"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/noise"
)

// readNoise adds the rules of the learned noise to those of the run file.
func (p *Plan) readNoise(s Sections, ds *spec.Diagnostics) {
	path := p.Replay.Compare.Noise
	if path == "" || s.WithoutNoise {
		return
	}
	at := s.Replay.Key("compare").Key("noise").Pos()
	src, err := os.ReadFile(s.Resolve(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		ds.Errorf(at, "make it with headgate noise learn, and review it", "the noise file %s does not exist", path)
		return
	case err != nil:
		ds.Errorf(at, "", "noise: %v", err)
		return
	}
	file, found := noise.Parse(s.Resolve(path), src)
	ds.Add(found)
	if found.Err() == nil {
		file.Apply(&p.Replay.Compare)
		p.noise = file
	}
}
