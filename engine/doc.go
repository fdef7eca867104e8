// Package engine runs a pipeline: four phases, promoted by gates, ending in one verdict.
//
// # The life of a run
//
// A run file is loaded into a [Pipeline]; every mistake in it is reported at once and nothing has
// started yet. The phases are made from it, their gates compiled against the declared metrics.
//
// [Engine.Run] then takes the phases in order. For each: start it, run it under its time limit, freeze
// a snapshot of all metrics, judge its gates and those of the phases before it on that one snapshot,
// and promote or not. A failed gate may name an earlier phase to go back to: everything from there on
// is undone and done again, a bounded number of times, and a pass after that is called flaky.
//
// Whatever a phase starts it registers with [Run.Cleanup] at once. When the run ends, by verdict,
// fault or signal, the phases tell their part of the [Report], the undoing runs in reverse order, each
// step under its own short time limit on a context that survives cancellation, and the reporters
// write. Gates and report read the same frozen snapshot.
//
// # Who knows what
//
// The engine knows contracts only: [Phase] and its optional companions, [Reporter], gates and metrics.
// It never imports a phase, a mock, a service or a reporter; the command line joins them.
package engine
