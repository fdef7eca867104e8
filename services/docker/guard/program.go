package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"syscall"

	"github.com/headgate-dev/headgate/services/docker/guard/fence"
)

// Word is the command of the program that is a guard's inside; the users of the program do not call it.
const Word = "__guard"

const (
	holdWord = "hold"
	askWord  = "ask"
)

// Program is the executable that runs inside of a guard. The zero Program is the executable that runs
// now, which has to call Main where its first argument is Word.
type Program struct {
	// Path is an executable for Linux and the engine's architecture; empty means this executable.
	Path string
	// Args come before those of Main; nil means Word.
	Args []string
}

// inside is where the executable is within the image.
const inside = "/headgate"

func (p Program) command() []string {
	args := p.Args
	if args == nil {
		args = []string{Word}
	}
	return append([]string{inside}, slices.Clip(args)...)
}

// Invoked tells whether the arguments of a process, its name first, say that it is a guard's inside.
func Invoked(args []string) bool { return len(args) > 1 && args[1] == Word }

// Main is the guard's inside: "hold" with the fence's settings keeps it until SIGTERM, "ask" with a
// request prints the response. It gives the process's exit status. args are those after Word.
func Main(ctx context.Context, args []string, out io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, args, out); err != nil {
		_ = json.NewEncoder(out).Encode(fence.Ready{Error: err.Error()})
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("%s is for the guards of containers: it takes %s or %s, and JSON", Word, holdWord, askWord)
	}
	switch args[0] {
	case holdWord:
		var c fence.Config
		if err := json.Unmarshal([]byte(args[1]), &c); err != nil {
			return fmt.Errorf("reading the settings: %w", err)
		}
		return fence.Hold(ctx, c, out)
	case askWord:
		return fence.Ask(ctx, []byte(args[1]), out)
	}
	return fmt.Errorf("%s: %q is neither %s nor %s", Word, args[0], holdWord, askWord)
}
