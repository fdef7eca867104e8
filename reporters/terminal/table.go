package terminal

import (
	"fmt"
	"slices"
	"strings"
)

// shown is how many rows of a table are printed; the rest is in the artifacts.
const shown = 5

// narrowest is how far a column is cut where the terminal is small.
const narrowest = 10

// column is the head of a column, and how its cells are set.
type column struct {
	head string
	// right sets numbers flush; cut may shorten long values so that the table fits.
	right, cut bool
}

func text(head string) column { return column{head: head} }

func number(head string) column { return column{head: head, right: true} }

func long(head string) column { return column{head: head, cut: true} }

// table prints the first rows under a heading, in columns; nothing where there is none. Columns without
// a value are left out.
func (r *Reporter) table(title string, head []column, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	more := 0
	if len(rows) > shown && !r.style.Verbose {
		rows, more = rows[:shown], len(rows)-shown
	}
	head, rows = filled(head, rows)
	widths := r.widths(head, rows)
	r.out.line("\n%s", r.out.bold(title))
	var heads []string
	for _, c := range head {
		heads = append(heads, c.head)
	}
	r.out.line("  %s", r.out.dim(set(head, heads, widths)))
	for _, row := range rows {
		r.out.line("  %s", set(head, row, widths))
	}
	if more > 0 {
		r.out.line("  %s", r.out.dim(fmt.Sprintf("and %d more; --verbose shows all", more)))
	}
}

// filled drops the columns in which no row has a value.
func filled(head []column, rows [][]string) ([]column, [][]string) {
	var kept []column
	out := make([][]string, len(rows))
	for i, c := range head {
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" && row[i] != "-" }) {
			continue
		}
		kept = append(kept, c)
		for n, row := range rows {
			out[n] = append(out[n], row[i])
		}
	}
	return kept, out
}

// widths are those of the longest cells; where the lines would be too long, the widest of the columns
// that may be cut gives way.
func (r *Reporter) widths(head []column, rows [][]string) []int {
	widths := make([]int, len(head))
	total := 2 * len(head)
	for i, c := range head {
		widths[i] = visible(c.head)
		for _, row := range rows {
			widths[i] = max(widths[i], visible(row[i]))
		}
		total += widths[i]
	}
	for ; total > r.style.Width; total-- {
		widest := -1
		for i, c := range head {
			if c.cut && widths[i] > narrowest && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// set puts the cells of a row into their columns.
func set(head []column, row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		if head[i].cut {
			cell = clip(cell, widths[i])
		}
		pad := strings.Repeat(" ", max(0, widths[i]-visible(cell)))
		if head[i].right {
			cell = pad + cell
		} else {
			cell += pad
		}
		b.WriteString(cell + "  ")
	}
	return strings.TrimRight(b.String(), " ")
}

// clip cuts text to a number of columns.
func clip(text string, room int) string {
	if runes := []rune(text); len(runes) > room {
		return string(runes[:max(0, room-3)]) + "..."
	}
	return text
}

// visible is the number of columns a text takes, without its colours.
func visible(text string) int {
	n, escaped := 0, false
	for _, c := range text {
		switch {
		case c == '\x1b':
			escaped = true
		case escaped:
			escaped = c != 'm'
		default:
			n++
		}
	}
	return n
}
