package verify

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// Transforms compiles the transforms of the traffic section of a run file. Mistakes in how they are written are
// those of [Load] to tell, and leave the chain empty.
func Transforms(section *spec.Node, o transform.Options) (*transform.Chain, spec.Diagnostics) {
	var list []transform.Config
	if found := spec.Decode(section.Key("transforms"), &list); found.Err() != nil {
		return &transform.Chain{}, nil //nolint:nilerr // Load tells it
	}
	return transform.New(list, o)
}

// Transforms tells how often each transform has fired.
func (p *Plan) Transforms() []transform.Use { return p.transforms.Uses() }
