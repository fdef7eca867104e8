package terminal

import (
	"fmt"
	"io"
)

// painter writes text, coloured where that is wanted. A terminal that cannot be written to is no
// reason to end a run: the first error is kept and told at the end.
type painter struct {
	to    io.Writer
	color bool
	err   error
}

func (p *painter) write(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.to, text)
	}
}

func (p *painter) line(format string, args ...any) { p.write(fmt.Sprintf(format, args...) + "\n") }

func (p *painter) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *painter) red(text string) string { return p.paint("31", text) }

func (p *painter) green(text string) string { return p.paint("32", text) }

func (p *painter) yellow(text string) string { return p.paint("33", text) }

func (p *painter) dim(text string) string { return p.paint("2", text) }

func (p *painter) bold(text string) string { return p.paint("1", text) }
