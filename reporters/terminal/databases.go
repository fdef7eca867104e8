package terminal

import (
	"fmt"

	"github.com/headgate-dev/headgate/engine"
)

// databases prints a line about each database: what it held, and what the application did there. The server
// counts rows that are read with a delay, so that none counted says nothing.
func (r *Reporter) databases(rep *engine.Report) {
	for _, d := range rep.Databases {
		read := ""
		if d.Reads > 0 {
			read = fmt.Sprintf(", at least %d read", d.Reads)
		}
		r.out.line("database   %s: %s, %s and %s, filled in %s, put back %s in %s; since then %s written%s",
			d.Name, d.Engine, counted(int64(d.Tables), "table"), counted(d.Rows, "row"), seconds(d.SeedSeconds),
			counted(int64(d.Restores), "time"), seconds(d.RestoreSeconds), counted(d.Writes, "row"), read)
	}
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
