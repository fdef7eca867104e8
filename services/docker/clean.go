package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"
)

// Leftover is something that a run has made and that is still there.
type Leftover struct {
	// Kind is "container", "network", "volume" or "image".
	Kind, Name string
	// Run is the id of the run; empty for an image that is kept for all of them.
	Run string
	// Why tells why it was removed, or was not: "its run is gone".
	Why string
}

// CleanOptions widen what [Engine.Clean] removes.
type CleanOptions struct {
	// Elsewhere removes what was made from another machine or container, whose processes cannot be
	// looked for.
	Elsewhere bool
	// Shared removes the images that are kept for the next run, unless a run lives.
	Shared bool
}

// Clean removes what runs have made whose process is gone: only what carries our label. What belongs to
// a run that lives on this machine is kept in any case. What could not be removed is among what was kept,
// and in the error.
func (e *Engine) Clean(ctx context.Context, o CleanOptions) (removed, kept []Leftover, err error) {
	list, err := e.list(ctx, "")
	if err != nil {
		return nil, nil, fmt.Errorf("looking for what runs have left: %w", err)
	}
	if o.Shared {
		shared, err := e.shared(ctx)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, shared...)
	}
	var gone []resource
	var told []Leftover
	judged := judgements{all: o.Elsewhere, runs: map[string]judgement{}}
	for _, r := range list {
		j := judged.judge(r)
		l := Leftover{Kind: r.kind, Name: r.name, Run: r.labels[labelRun], Why: j.why}
		if j.dead {
			gone, told = append(gone, r), append(told, l)
			continue
		}
		kept = append(kept, l)
	}
	errs := e.remove(ctx, gone)
	for n, l := range told {
		if errs[n] == nil {
			removed = append(removed, l)
			continue
		}
		l.Why += ", but it could not be removed"
		kept = append(kept, l)
	}
	return removed, kept, errors.Join(errs...)
}

// judgement tells whether what belongs to a run can be removed, and how that is known.
type judgement struct {
	dead bool
	why  string
}

// judgements are those of the runs that were met so far. Images come last, and are judged by them.
type judgements struct {
	all  bool
	runs map[string]judgement
}

func (js judgements) judge(r resource) judgement {
	run := r.labels[labelRun]
	known, met := js.runs[run]
	switch {
	case run == "": // an image for all runs
		for _, j := range js.runs {
			if !j.dead {
				return judgement{why: "a run lives"}
			}
		}
		return judgement{dead: true, why: "no run lives"}
	case r.kind == kindImage && met:
		return known
	case r.kind == kindImage:
		return judgement{dead: true, why: "its run is gone"}
	}
	j := judge(ownerOf(r.labels), js.all)
	js.runs[run] = j
	return j
}

// judge goes by whether the owner lives.
func judge(o owner, all bool) judgement {
	switch {
	case o.here() && o.alive():
		return judgement{why: fmt.Sprintf("its run lives, process %d", o.pid)}
	case o.here():
		return judgement{dead: true, why: "its run is gone"}
	case all:
		return judgement{dead: true, why: "its run was started on " + o.hostName()}
	}
	return judgement{
		why: fmt.Sprintf("its run was started on %s, which cannot be asked; --all removes it", o.hostName()),
	}
}

// shared are the images that are kept for the next run.
func (e *Engine) shared(ctx context.Context) ([]resource, error) {
	images, err := e.client.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("label", labelImage)})
	if err != nil {
		return nil, fmt.Errorf("listing the images: %w", err)
	}
	var list []resource
	for _, i := range images.Items {
		if i.Labels[labelRun] == "" {
			list = append(list, imageResource(i))
		}
	}
	return list, nil
}
