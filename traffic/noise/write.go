package noise

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sampleWidth is how much of a seen value is shown in a comment.
const sampleWidth = 40

// Write writes what was learned in the form that [Parse] reads, commented for review. head are lines that
// say where it comes from.
func (l *Learned) Write(to io.Writer, head ...string) error {
	w := bufio.NewWriter(to)
	for _, line := range head {
		fmt.Fprintf(w, "# %s\n", oneLine(line))
	}
	fmt.Fprint(w, `#
# Review every line: what stands here is compared by its form only, or not at all (kind value). Remove what
# must be as recorded, then name this file in the run file, as replay.compare.noise.
#   uuid, datetime, counter   the field must have that form on both sides
#   order                     the array must have the same elements, in any order
#   value                     the field is not compared

version: 1
`)
	l.writeEntries(w)
	l.writeUnlearned(w)
	return w.Flush()
}

func (l *Learned) writeEntries(w io.Writer) {
	if len(l.Entries) == 0 {
		fmt.Fprint(w, "noise: {}\n")
		return
	}
	fmt.Fprint(w, "noise:\n")
	endpoint := ""
	for _, e := range l.Entries {
		if e.Endpoint != endpoint {
			endpoint = e.Endpoint
			fmt.Fprintf(w, "  %s:\n", strconv.Quote(endpoint))
		}
		fmt.Fprintf(w, "    # %s\n", seen(e.Sample))
		fmt.Fprintf(w, "    %s: {kind: %s, count: %d, of: %d}\n", strconv.Quote(e.Path), e.Kind, e.Count, max(e.Of, e.Count))
	}
}

func (l *Learned) writeUnlearned(w io.Writer) {
	if len(l.Unlearned) == 0 {
		return
	}
	fmt.Fprint(w, "\n# Differed between the runs, too, and is still compared:\n")
	for _, u := range l.Unlearned {
		fmt.Fprintf(w, "#   %s\n", oneLine(u.String()))
	}
}

func (u Unlearned) String() string {
	return fmt.Sprintf("%s %s, in %d answers: %s", u.Endpoint, u.Path, u.Count, u.Why)
}

// seen shows the recorded value and those of the runs.
func seen(values []string) string {
	shown := make([]string, len(values))
	for i, v := range values {
		if r := []rune(v); len(r) > sampleWidth {
			v = string(r[:sampleWidth]) + "..."
		}
		if v == "" {
			v = "(missing)"
		}
		shown[i] = oneLine(v)
	}
	return "recorded " + shown[0] + ", then " + strings.Join(shown[1:], ", ")
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, s)
}
