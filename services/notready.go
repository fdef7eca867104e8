package services

import (
	"fmt"
	"strings"
	"time"
)

// NotReadyError says why a service is not ready. Error is one line; Details has the rest.
type NotReadyError struct {
	Service string
	// After is how long was waited, or held.
	After time.Duration
	// Held is true where the service was ready and did not stay so.
	Held bool
	// Job is true where the service had to run to its end.
	Job bool
	// LastProbe is what the last finished check saw: "connection refused", "status 503: starting".
	LastProbe string
	// Exit tells how the service ended; nil while it runs.
	Exit *Exit
	// State is what the container engine says of it; nil where it is no container.
	State *State
	// Log holds the last 20 lines that the service wrote, oldest first.
	Log []string
}

func (e *NotReadyError) Error() string {
	after := e.After.Round(time.Millisecond)
	switch {
	case e.Exit != nil && e.Held:
		return e.withLog(fmt.Sprintf("%s was ready and ended after %s with %s", e.Service, after, e.Exit))
	case e.Exit != nil && e.Job:
		return e.withLog(fmt.Sprintf("%s ended after %s with %s", e.Service, after, e.Exit))
	case e.Exit != nil:
		return e.withLog(fmt.Sprintf("%s ended after %s with %s, before it was ready", e.Service, after, e.Exit))
	case e.Held:
		return fmt.Sprintf("%s was ready and stopped being so after %s: %s", e.Service, after, e.LastProbe)
	case e.Job:
		return e.withLog(fmt.Sprintf("%s did not end within %s", e.Service, after))
	}
	return fmt.Sprintf("%s was not ready within %s: %s", e.Service, after, e.LastProbe)
}

func (e *NotReadyError) withLog(msg string) string {
	if last := lastText(e.Log); last != "" {
		return msg + "; it wrote last: " + oneLine(last)
	}
	return msg
}

// Details are the lines that explain Error: the state of the container and what its health check said
// last, then the last lines that the service wrote.
func (e *NotReadyError) Details() []string {
	var lines []string
	if e.State != nil {
		lines = append(lines, "container: "+e.State.String())
		if e.State.Probe != "" {
			lines = append(lines, "last health check: "+oneLine(e.State.Probe))
		}
	}
	return append(lines, e.Log...)
}

// Hint is what to do about it where the state of a container tells; else it is empty.
func (e *NotReadyError) Hint() string {
	contained := e.State != nil
	switch {
	case !contained || e.Exit == nil:
		return ""
	case strings.Contains(lastText(e.Log), "exec format error"):
		return "its program is for another machine than the engine's, which headgate doctor names, or no program at all"
	case e.State.OOMKilled:
		return "give it more with resources: {memory: ...}, or find out what it needs so much for"
	case e.Exit.Code == 0 && e.Exit.Signal == "" && !e.Job:
		return "a container ends with its first process: keep that in the foreground, or add job: true if it is to end"
	}
	return ""
}
