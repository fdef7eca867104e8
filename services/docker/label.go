package docker

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// The labels that everything made here carries, with the run it belongs to and its owner: the process that
// has to remove it. Images carry labelRun alone: while their run lives it has a network, which tells the
// owner.
const (
	labelRun      = "dev.headgate.run"
	labelService  = "dev.headgate.service"
	labelPid      = "dev.headgate.pid"
	labelPidStart = "dev.headgate.pid-start"
	labelHost     = "dev.headgate.host"
	labelCreated  = "dev.headgate.created"
	// labelImage marks images that are kept for the next run.
	labelImage = "dev.headgate.image"
)

// runLabels are the labels of a run that this process owns.
func runLabels(run string) map[string]string {
	start, _ := processStart(os.Getpid())
	return map[string]string{
		labelRun: run, labelPid: strconv.Itoa(os.Getpid()), labelPidStart: start, labelHost: thisHost(),
		labelCreated: time.Now().UTC().Format(time.RFC3339),
	}
}

// thisHost names this machine, or the container that this process runs in: process numbers mean
// something only there. A name alone may be that of several, so that on Linux the identities of the machine
// and of the process numbers' namespace stand behind it.
func thisHost() string {
	name, err := os.Hostname()
	if err != nil {
		name = ""
	}
	machine, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		machine = nil
	}
	numbers, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		numbers = ""
	}
	return cmp.Or(name, "unknown") + "/" + string(machine[:min(len(machine), 8)]) + "/" + strings.Trim(numbers, "pid:[]")
}

// ofRun selects what belongs to a run; an empty run selects what belongs to any.
func ofRun(run string) client.Filters {
	if run == "" {
		return client.Filters{}.Add("label", labelRun)
	}
	return client.Filters{}.Add("label", labelRun+"="+run)
}

// resourceName makes a name that the engine accepts, also as a repository, of words that may hold anything.
func resourceName(words ...string) string {
	clean := func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}
	fields := strings.FieldsFunc(strings.Map(clean, strings.Join(words, "-")), func(r rune) bool { return r == '-' })
	return strings.Join(append([]string{"headgate"}, fields...), "-")
}
