package verify

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/safety"
)

// Formats are what the traffic section of a run file says about captures that do not tell their direction.
// Mistakes in how it is written are those of [Load] to tell.
func Formats(section *spec.Node) formats.Options {
	var d formats.Direction
	if n := section.Key("direction"); n.Kind() == spec.Null || spec.Decode(n, &d).Err() != nil {
		return formats.Options{}
	}
	return d.Options()
}

// Guard is made of the traffic section of a run file; nil where it is off. Without a mode there it is otherwise.
// Mistakes in how it is written are those of [Load] to tell.
func Guard(section *spec.Node, otherwise safety.Mode) *safety.Guard {
	var c safety.Config
	if n := section.Key("safety"); n.Kind() != spec.Null && spec.Decode(n, &c).Err() != nil {
		return nil
	}
	return safety.New(c, otherwise)
}
