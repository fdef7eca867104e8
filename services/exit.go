package services

import (
	"fmt"
	"strings"
)

// String says how the service ended: "exit status 3", "signal: killed", "signal: killed (out of memory)".
func (e Exit) String() string {
	text := fmt.Sprintf("exit status %d", e.Code)
	if e.Signal != "" {
		text = "signal: " + e.Signal
	}
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	return text
}

// ExitError says that a command which had to succeed ended otherwise: a build, or a command probe.
type ExitError struct {
	// Service is the name of the service that the command belongs to.
	Service string
	// Command is the program and its arguments.
	Command []string
	Exit    Exit
	// Log holds the last lines that the command wrote, oldest first.
	Log []string
}

// Error is one line: the service, the command, how it ended and the last line that it wrote.
func (e *ExitError) Error() string {
	msg := fmt.Sprintf("%s: %q ended with %s", e.Service, strings.Join(e.Command, " "), e.Exit)
	if last := lastText(e.Log); last != "" {
		msg += ": " + oneLine(last)
	}
	return msg
}

// lastText is the newest line that is not blank.
func lastText(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.TrimSpace(lines[i]) != "" {
			return lines[i]
		}
	}
	return ""
}

// maxExcerpt bounds what a service wrote where it is quoted within a message, in bytes.
const maxExcerpt = 200

// oneLine makes text fit into a message: no line breaks, valid UTF-8, bounded.
func oneLine(text string) string {
	cut := len(text) > maxExcerpt
	if cut {
		text = text[:maxExcerpt]
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if cut {
		text += "..."
	}
	return text
}
