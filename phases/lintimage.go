package phases

import (
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
)

// lintImages warns about container images that can be another one tomorrow, in every list of what a run
// can start.
func lintImages(p *engine.Pipeline, ds *spec.Diagnostics) {
	for _, list := range []*spec.Node{
		p.Backends.Key("mocks"), p.Backends.Key("real"), p.Backends.Key("databases"), p.SUT.Key("apps"),
	} {
		for _, item := range list.Items() {
			if image := item.Key("image"); image.Kind() == spec.Scalar {
				lintImage(image, ds)
			}
		}
	}
}

// lintImage warns about an image without a tag or digest, or with the tag latest.
func lintImage(n *spec.Node, ds *spec.Diagnostics) {
	name, tag := imageTag(n.Text())
	if tag != "" && tag != "latest" {
		return
	}
	ds.Warnf(n.Pos(), "name a version, such as "+name+":1.2.3, or a digest",
		"the image %s is not pinned: what it is can change from one run to the next", n.Text())
}

// imageTag takes an image reference apart; the tag is the digest where there is one. The port of a
// registry is no tag.
func imageTag(ref string) (name, tag string) {
	if name, digest, ok := strings.Cut(ref, "@"); ok {
		return name, digest
	}
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}
